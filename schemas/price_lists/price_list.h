// Public lists of what providers charge, as a user has downloaded them:
//
//   genai_prices  https://github.com/pydantic/genai-prices, its `v2` JSON: all providers, USD per million tokens,
//   prices
//                 from a date on or at hours of the day, tiers by the length of the context. Tells no batch prices.
//   portkey       https://github.com/Portkey-AI/models, pricing/<provider>.json: US cents per token, a binary
//                 floating-point number's noise in them; batch prices; tiers by name ("…-gt-128k") or by a map.
//
// Both are read into the same facts; which of them count is decided in comparison.h. Prices are rounded to a pico-USD
// per token, from their digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"

namespace schemas::price_lists {

enum class Format { genai_prices, portkey };
std::string_view to_string(Format format);

enum class Part { input, cached_input, output };
std::string_view to_string(Part part);

// The price of one part once the context is longer than `from_tokens`. Of several of one part and length the dearest
// counts, so that one price holds at every hour.
struct Step {
  Part part = Part::input;
  std::int64_t from_tokens = 0;
  core::TokenPrice price;
};

struct ListedPrices {
  std::vector<Step> steps;  // empty: the list does not tell
  std::string fault;        // the first price that cannot be one; empty: none
};

// Which names mean a model.
struct Clause {
  enum class Kind { equals, starts_with, ends_with, contains, any_of, all_of };
  Kind kind = Kind::any_of;
  std::string text;
  std::vector<Clause> parts;  // of any_of and all_of
};
bool matches(const Clause& clause, std::string_view name);

struct ListedModel {
  std::string provider;  // its id in the list
  std::string name;
  Clause aliases;
  ListedPrices sync;
  ListedPrices batch;
};

struct PriceList {
  Format format = Format::genai_prices;
  std::vector<ListedModel> models;
};

constexpr std::size_t list_bytes_max = 64u << 20;

// Which format it is in shows in its content. `provider`: of whom a Portkey list is, which it does not say itself.
// `now` chooses among dated prices. Errors: malformed_json, json_too_deep, payload_too_large, invalid_request (neither
// format, or a name given twice).
core::Result<PriceList> read_price_list(std::string_view json, const std::string& provider, core::Timestamp now);

// A provider's id in the catalog, from how a list names it or its file: "fireworks-ai" is "fireworks".
core::ProviderId catalog_provider(const std::string& listed);

}  // namespace schemas::price_lists
