#include "ops/providers.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ops {

namespace {

// What a provider takes in one batch; a unit is cut to fit.
constexpr std::uint32_t openai_batch_items_max = 50'000;
constexpr std::uint32_t anthropic_batch_items_max = 100'000;
constexpr std::uint64_t openai_batch_bytes_max = std::uint64_t{190} << 20;
constexpr std::uint64_t anthropic_batch_bytes_max = std::uint64_t{240} << 20;

constexpr double own_server_prior = 0.9;
constexpr double own_model_quality = 0.7;

struct Section {
  const char* provider;
  Config::Provider Config::*settings;
};
constexpr Section sections[] = {{"openai", &Config::openai},       {"anthropic", &Config::anthropic},
                                {"google", &Config::google},       {"mistral", &Config::mistral},
                                {"deepseek", &Config::deepseek},   {"x-ai", &Config::xai},
                                {"groq", &Config::groq},           {"cerebras", &Config::cerebras},
                                {"fireworks", &Config::fireworks}, {"moonshotai", &Config::moonshotai},
                                {"cohere", &Config::cohere}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Splits "name=value, name, …"; false when `take` refuses a part.
template <class Take>
bool for_each_pair(std::string_view text, Take take) {
  text = trimmed(text);
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, comma));
    const std::size_t equals = std::min(part.find('='), part.size());
    if (!take(trimmed(part.substr(0, equals)), trimmed(part.substr(std::min(equals + 1, part.size()))))) return false;
    if (comma == text.size()) break;
    text = trimmed(text.substr(comma + 1));
    if (text.empty()) return false;
  }
  return true;
}

std::uint32_t batch_items_max(core::Protocol protocol) {
  return protocol == core::Protocol::anthropic ? anthropic_batch_items_max : openai_batch_items_max;
}

std::uint64_t batch_bytes_max(core::Protocol protocol) {
  return protocol == core::Protocol::anthropic ? anthropic_batch_bytes_max : openai_batch_bytes_max;
}

core::Provider own_provider(const Config::OwnServer& own) {
  core::Provider provider;
  provider.id = core::ProviderId(std::string(own_server));
  provider.display_name = "Own server";
  provider.reliability_prior_score = own_server_prior;
  provider.protocol = core::Protocol::openai_compatible;
  provider.base_url = own.base_url;
  provider.dialects = {core::Operation::chat_completions, core::Operation::embeddings};
  return provider;
}

core::Model own_model(const Config::OwnServer& own, const core::ModelSlug& slug) {
  core::Model model;
  model.slug = slug;
  model.display_name = slug.value();
  model.vendor = core::ProviderId(std::string(own_server));
  model.operations = {core::Operation::responses, core::Operation::chat_completions, core::Operation::messages,
                      core::Operation::embeddings};
  model.context_tokens_max = own.context_tokens;
  model.output_tokens_max = own.output_tokens;
  model.quality_score = own_model_quality;
  return model;
}

core::Catalog with_own_server(const Config::OwnServer& own, const core::Catalog& catalog) {
  std::vector<core::Provider> providers = catalog.providers();
  providers.push_back(own_provider(own));
  std::vector<core::Model> models = catalog.models();
  std::vector<core::Offering> offerings = catalog.offerings();
  const std::vector<std::pair<core::ModelSlug, std::string>> names = *model_names_from(own.models);
  for (const auto& [slug, name] : names) {
    if (catalog.model(slug) == nullptr) models.push_back(own_model(own, slug));
    core::Offering offering;
    offering.provider = providers.back().id;
    offering.model = slug;
    offering.mode = core::Mode::sync;
    const core::TokenPrice input = *price_per_million_from(own.input_usd_per_million);
    offering.prices = {input, input, *price_per_million_from(own.output_usd_per_million)};
    offering.privacy_tier = core::PrivacyTier::zero_retention;
    offering.regions = {"global"};
    offering.provider_model = name;
    offerings.push_back(std::move(offering));
  }
  return core::Catalog(catalog.version() + "+own_server", std::move(providers), std::move(models),
                       std::move(offerings));
}

}  // namespace

std::optional<std::map<core::OrgId, std::uint32_t>> weights_from(std::string_view text) {
  constexpr std::uint32_t weight_max = 1'000;
  std::map<core::OrgId, std::uint32_t> weights;
  const bool all = for_each_pair(text, [&](std::string_view org, std::string_view value) {
    std::uint32_t weight = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), weight);
    if (error != std::errc() || end != value.data() + value.size() || weight == 0 || weight > weight_max) return false;
    return org.starts_with("org_") && weights.emplace(std::string(org), weight).second;
  });
  return all ? std::optional(weights) : std::nullopt;
}

std::optional<std::vector<std::pair<core::ModelSlug, std::string>>> model_names_from(std::string_view text) {
  std::vector<std::pair<core::ModelSlug, std::string>> names;
  const auto is_name = [](std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::strchr("-_.:/@+", c) != nullptr;
    });
  };
  const bool all = for_each_pair(text, [&](std::string_view slug, std::string_view name) {
    if (name.empty()) name = slug;
    const bool known = std::ranges::any_of(names, [&](const auto& one) { return one.first.value() == slug; });
    if (!is_name(slug) || !is_name(name) || known) return false;
    names.emplace_back(core::ModelSlug(std::string(slug)), std::string(name));
    return true;
  });
  return all ? std::optional(names) : std::nullopt;
}

std::optional<core::TokenPrice> price_per_million_from(std::string_view text) {
  const core::Result<core::Money> amount = core::money_from_decimal(text);
  // A million tokens at one pico-USD are 1,000 nano-USD.
  if (amount.has_error() || *amount < core::Money{} || amount->nanos() % 1'000 != 0) return std::nullopt;
  return core::TokenPrice::from_picos(amount->nanos() / 1'000);
}

core::Catalog catalog_of(const Config& config, const core::Catalog& catalog) {
  core::Catalog all = config.own_server.base_url.empty() ? catalog : with_own_server(config.own_server, catalog);
  return config.simulated.enabled ? core::with_simulated_provider(all) : all;
}

std::vector<UsedProvider> used_providers(const Config& config, const core::Catalog& catalog) {
  std::vector<UsedProvider> used;
  for (const Section& section : sections) {
    const Config::Provider& settings = config.*section.settings;
    const core::Provider* provider = catalog.provider(core::ProviderId(section.provider));
    if (settings.api_key.empty() || provider == nullptr) continue;
    UsedProvider one{*provider, core::Secret(settings.api_key), settings.batch, settings.concurrency, false};
    if (!settings.base_url.empty()) one.provider.base_url = settings.base_url;
    used.push_back(std::move(one));
  }
  if (const core::Provider* provider = catalog.provider(core::ProviderId(std::string(own_server))))
    used.push_back({*provider, core::Secret(config.own_server.api_key), false, config.own_server.concurrency, true});
  return used;
}

std::vector<core::ConfiguredLane> configured_lanes(const Config& config, const core::Catalog& catalog) {
  std::vector<core::ConfiguredLane> lanes;
  for (const UsedProvider& used : used_providers(config, catalog)) {
    const core::Protocol protocol = used.provider.protocol;
    if (used.batch)
      lanes.push_back({used.provider.id, core::Mode::batch, !used.own,
                       std::min(config.dispatch.items_per_batch_unit, batch_items_max(protocol)),
                       batch_bytes_max(protocol) / 4});
    lanes.push_back({used.provider.id, core::Mode::sync, !used.own});
  }
  if (config.simulated.enabled) {
    const core::ProviderId simulated{std::string(core::simulated_provider)};
    lanes.push_back({simulated, core::Mode::batch, true});
    lanes.push_back({simulated, core::Mode::sync, true});
  }
  return lanes;
}

}  // namespace ops
