// What the readers of both formats share. Private to price_lists: it shows RapidJSON.
#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>

#include "schemas/price_lists/price_list.h"

namespace schemas::price_lists {

using Value = rapidjson::Value;  // numbers are texts: their digits as they stand in the list

constexpr int usd_a_million_tokens = 6;  // to pico-USD a token, as powers of ten
constexpr int cents_a_token = 10;

inline std::string_view text_of(const Value& value) {
  return value.IsString() ? std::string_view(value.GetString(), value.GetStringLength()) : std::string_view();
}

// nullptr when `object` is none or has no such member.
inline const Value* member(const Value* object, std::string_view name) {
  if (object == nullptr || !object->IsObject()) return nullptr;
  const Value key(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size())));
  const auto found = object->FindMember(key);
  return found == object->MemberEnd() ? nullptr : &found->value;
}

// Adds a step, or says what is wrong with the price. `price` may be nullptr: then the list does not tell.
void add_step(ListedPrices& prices, Part part, std::int64_t from_tokens, const Value* price, int unit);

// `today` as "2026-11-22".
std::vector<ListedModel> read_genai_prices(const Value& list, std::string_view today);
std::vector<ListedModel> read_portkey(const Value& list, const std::string& provider);

}  // namespace schemas::price_lists
