// What the customer hands over, as typed facts. The request bodies stay JSON text, which core does not look into.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/money.h"
#include "core/time.h"

namespace core {

enum class SlaTier { priority, standard, economy };
enum class RoutingMode { cheapest, sla_aware, public_only, quality };

std::string_view to_string(SlaTier tier);
std::string_view to_string(RoutingMode mode);
std::optional<SlaTier> sla_tier_from_string(std::string_view text);
std::optional<RoutingMode> routing_mode_from_string(std::string_view text);

// Time from submission to the deadline: 1 h, 24 h, 72 h.
Duration sla_window(SlaTier tier);

struct Webhook {
  std::string url;
  std::string secret;  // "whsec_" + base64; empty: the org's default signing secret
};

// Everything of a manifest but its items.
struct ManifestHeader {
  SlaTier sla_tier = SlaTier::standard;
  RoutingMode routing_mode = RoutingMode::cheapest;
  PrivacyTier privacy_tier = PrivacyTier::standard;
  std::vector<std::string> allowed_regions = {"global"};
  bool dedupe = false;
  int priority = 50;  // 0 to 100, higher is more urgent
  std::optional<Timestamp> run_after;
  std::optional<Timestamp> deadline;  // earlier than the SLA tier's, when given
  std::string metadata;               // JSON object as sent; empty: none
  std::optional<Webhook> webhook;
};

struct ManifestItem {
  std::uint32_t number = 0;  // position in the manifest, from 0
  std::string customer_item_id;
  Operation operation = Operation::responses;
  std::vector<ModelSlug> models;  // `model`, then `model_options`, without repeats; never empty
  std::string input;              // JSON object, compact
  std::string metadata;           // JSON object, compact; empty: none
  std::optional<Money> max_cost;
  std::int64_t input_tokens = 0;                  // estimated, never under what the simulated lane would count
  std::optional<std::int64_t> output_tokens_max;  // as the customer asked, in the dialect's own field
};

// One thing wrong with a manifest.
struct ManifestFault {
  std::string code;              // stable word: duplicate_customer_item_id, unknown_field, …
  std::string pointer;           // JSON pointer into the manifest: /items/3/operation
  std::string customer_item_id;  // empty when unknown
  std::string message;           // what is wrong and what to do
};

constexpr std::uint32_t manifest_items_max = 1'000'000;
constexpr std::size_t manifest_faults_max = 100;  // listed; a manifest with more says how many there are
constexpr std::size_t customer_item_id_bytes_max = 128;

}  // namespace core
