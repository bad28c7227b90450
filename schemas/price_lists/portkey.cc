#include <map>

#include "schemas/price_lists/decimal.h"
#include "schemas/price_lists/reading.h"

namespace schemas::price_lists {

namespace {

const Value* path(const Value* value, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) value = member(value, name);
  return value;
}

// {"request_token": {"price": …}, …}
void add_prices(ListedPrices& prices, const Value* rates, std::int64_t from_tokens) {
  const auto add = [&](Part part, std::string_view name) {
    add_step(prices, part, from_tokens, path(rates, {name, "price"}), cents_a_token);
  };
  add(Part::input, "request_token");
  add(Part::cached_input, "cache_read_input_token");
  add(Part::output, "response_token");
}

// {"context_tiers": {"lte-272k": {…}}} with {"0": "lte-272k", "272000": "gt-272k"} as the map, or one price for all.
void add_mode(ListedPrices& prices, const Value* mode, const Value* tier_map, std::int64_t from_tokens) {
  add_prices(prices, path(mode, {"pricing_config", "pay_as_you_go"}), from_tokens);
  if (tier_map == nullptr || !tier_map->IsObject()) return;
  for (const auto& [start, tier] : tier_map->GetObject()) {
    const Value* rates = path(mode, {"context_tiers", text_of(tier), "pricing_config", "pay_as_you_go"});
    const std::int64_t tokens = scaled_decimal(text_of(start), 0).value_or(0);
    if (rates != nullptr) add_prices(prices, rates, std::max(from_tokens, tokens));
  }
}

// A model's name and from where its prices count: "gemini-2.5-pro-gt-128k" is gemini-2.5-pro above 128,000 tokens.
struct TierName {
  std::string model;
  std::int64_t from_tokens = 0;
};

TierName tier_name(std::string_view name) {
  for (const std::string_view word : {"-lte-", "-gt-"}) {
    const std::size_t at = name.rfind(word);
    if (at == std::string_view::npos || !name.ends_with('k')) continue;
    const std::string_view thousands = name.substr(at + word.size(), name.size() - at - word.size() - 1);
    const auto tokens = scaled_decimal(thousands, 3);
    if (tokens && at > 0) return {std::string(name.substr(0, at)), word == "-gt-" ? *tokens : 0};
  }
  return {std::string(name), 0};
}

void append(ListedPrices& prices, const ListedPrices& more) {
  prices.steps.insert(prices.steps.end(), more.steps.begin(), more.steps.end());
  if (prices.fault.empty()) prices.fault = more.fault;
}

// The finer part of the list, by mode, counts where it is there.
ListedPrices read_mode(const Value& model, std::string_view mode, std::string_view plain, std::int64_t from_tokens) {
  ListedPrices prices;
  const Value* custom = member(&model, "custom_pricing");
  add_mode(prices, path(custom, {"regions", "default", "execution_modes", mode}), member(custom, "context_tier_map"),
           from_tokens);
  if (prices.steps.empty() && prices.fault.empty())
    add_prices(prices, path(&model, {"pricing_config", plain}), from_tokens);
  return prices;
}

}  // namespace

std::vector<ListedModel> read_portkey(const Value& list, const std::string& provider) {
  std::map<std::string, ListedModel> models;
  for (const auto& [name, value] : list.GetObject()) {
    if (text_of(name) == "default") continue;  // what Portkey assumes of models that it does not know
    const TierName tier = tier_name(text_of(name));
    ListedModel& model = models.try_emplace(tier.model, ListedModel{provider, tier.model, {}, {}, {}}).first->second;
    append(model.sync, read_mode(value, "standard", "pay_as_you_go", tier.from_tokens));
    append(model.batch, read_mode(value, "batch", "batch_config", tier.from_tokens));
  }
  std::vector<ListedModel> all;
  for (auto& [name, model] : models) all.push_back(std::move(model));
  return all;
}

}  // namespace schemas::price_lists
