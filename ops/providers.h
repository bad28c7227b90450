// Which providers this deployment uses, from the settings and the catalog.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalog.h"
#include "core/routing.h"
#include "core/sealed.h"
#include "ops/config.h"

namespace ops {

// One that there is a key for, or the server of one's own.
struct UsedProvider {
  core::Provider provider;  // its base_url is where it is reached
  core::Secret api_key;     // empty: none is sent
  bool batch = false;
  std::uint32_t concurrency = 1;
  bool own = false;
};

constexpr std::string_view own_server = "own_server";  // as a provider

// With the server of one's own and the simulated provider, where they are set up.
core::Catalog catalog_of(const Config& config, const core::Catalog& catalog);

// `catalog` is that of catalog_of.
std::vector<UsedProvider> used_providers(const Config& config, const core::Catalog& catalog);
std::vector<core::ConfiguredLane> configured_lanes(const Config& config, const core::Catalog& catalog);

// "name=value, …" with values 1 to 1,000, by organization.
std::optional<std::map<core::OrgId, std::uint32_t>> weights_from(std::string_view text);
// "slug=name, slug, …": the slug and the name.
std::optional<std::vector<std::pair<core::ModelSlug, std::string>>> model_names_from(std::string_view text);
// US dollars for a million tokens, as a decimal.
std::optional<core::TokenPrice> price_per_million_from(std::string_view text);

}  // namespace ops
