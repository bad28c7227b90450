#include "schemas/price_lists/price_list.h"

#include <rapidjson/error/en.h>

#include <algorithm>
#include <array>
#include <set>

#include "schemas/price_lists/decimal.h"
#include "schemas/price_lists/reading.h"
#include "schemas/rfc3339.h"

namespace schemas::price_lists {

namespace {

using core::Error;
using core::ErrorCode;

constexpr int depth_max = 32;

// A name given twice would leave it to chance which price counts.
core::Result<void> check_shape(const Value& value, int depth) {
  if (depth > depth_max) return Error{ErrorCode::json_too_deep, "it is nested deeper than any price list"};
  if (value.IsArray()) {
    for (const Value& element : value.GetArray()) {
      if (auto checked = check_shape(element, depth + 1); checked.has_error()) return checked;
    }
  }
  if (value.IsObject()) {
    std::set<std::string_view> names;
    for (const auto& [name, inner] : value.GetObject()) {
      if (!names.insert(text_of(name)).second)
        return Error{ErrorCode::invalid_request,
                     "\"" + std::string(text_of(name)) + "\" is given twice in one object; download the list again"};
      if (auto checked = check_shape(inner, depth + 1); checked.has_error()) return checked;
    }
  }
  return {};
}

bool is_genai_prices(const Value& list) {
  const auto has_models = [](const Value& provider) {
    const Value* models = member(&provider, "models");
    return member(&provider, "id") != nullptr && models != nullptr && models->IsArray();
  };
  return list.IsArray() && !list.Empty() && std::all_of(list.Begin(), list.End(), has_models);
}

bool is_portkey(const Value& list) {
  const auto has_prices = [](const auto& model) { return member(&model.value, "pricing_config") != nullptr; };
  return list.IsObject() && std::any_of(list.MemberBegin(), list.MemberEnd(), has_prices);
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::genai_prices: return "genai-prices";
    case Format::portkey: return "Portkey";
  }
  return "";
}

std::string_view to_string(Part part) {
  switch (part) {
    case Part::input: return "input";
    case Part::cached_input: return "cached input";
    case Part::output: return "output";
  }
  return "";
}

bool matches(const Clause& clause, std::string_view name) {
  const auto part_matches = [&](const Clause& part) { return matches(part, name); };
  switch (clause.kind) {
    case Clause::Kind::equals: return name == clause.text;
    case Clause::Kind::starts_with: return name.starts_with(clause.text);
    case Clause::Kind::ends_with: return name.ends_with(clause.text);
    case Clause::Kind::contains: return name.find(clause.text) != std::string_view::npos;
    case Clause::Kind::any_of: return std::any_of(clause.parts.begin(), clause.parts.end(), part_matches);
    case Clause::Kind::all_of: return std::all_of(clause.parts.begin(), clause.parts.end(), part_matches);
  }
  return false;
}

void add_step(ListedPrices& prices, Part part, std::int64_t from_tokens, const Value* price, int unit) {
  constexpr std::int64_t picos_max = 1'000'000'000'000;  // a USD a token: what a catalog takes
  if (price == nullptr || price->IsNull()) return;
  const std::optional<std::int64_t> picos = scaled_decimal(text_of(*price), unit);
  if (picos && *picos >= 0 && *picos <= picos_max) {
    prices.steps.push_back({part, from_tokens, core::TokenPrice::from_picos(*picos)});
    return;
  }
  if (!prices.fault.empty()) return;
  const bool negative = picos && *picos < 0;
  prices.fault =
      std::string(to_string(part)) + (negative ? " has a negative price" : " has a price that cannot be one");
}

core::Result<PriceList> read_price_list(std::string_view json, const std::string& provider, core::Timestamp now) {
  if (json.size() > list_bytes_max)
    return Error{ErrorCode::payload_too_large, "it is larger than 64 MiB, and no price list"};
  constexpr unsigned flags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  document.Parse<flags>(json.data(), json.size());
  if (document.HasParseError())
    return Error{ErrorCode::malformed_json, "it is not JSON: at byte " + std::to_string(document.GetErrorOffset()) +
                                                ": " + rapidjson::GetParseError_En(document.GetParseError())};
  if (auto checked = check_shape(document, 0); checked.has_error()) return checked.error();

  constexpr std::size_t date_length = std::string_view("2026-11-22").size();
  if (is_genai_prices(document))
    return PriceList{Format::genai_prices, read_genai_prices(document, to_rfc3339(now).substr(0, date_length))};
  if (is_portkey(document)) return PriceList{Format::portkey, read_portkey(document, provider)};
  return Error{ErrorCode::invalid_request,
               "it is neither the v2 JSON of pydantic/genai-prices nor a pricing file of Portkey-AI/models"};
}

core::ProviderId catalog_provider(const std::string& listed) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> other_names = {
      {{"fireworks-ai", "fireworks"}, {"mistral-ai", "mistral"}, {"moonshot", "moonshotai"}}};
  for (const auto& [name, id] : other_names) {
    if (name == listed) return core::ProviderId(std::string(id));
  }
  return core::ProviderId(listed);
}

}  // namespace schemas::price_lists
