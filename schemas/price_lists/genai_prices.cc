#include "schemas/price_lists/decimal.h"
#include "schemas/price_lists/reading.h"

namespace schemas::price_lists {

namespace {

constexpr int clause_depth_max = 8;

// A clause that is not understood matches nothing. Regular expressions are such: the list uses them for dated names
// only, and one from outside could take for ever.
Clause read_clause(const Value& match, int depth) {
  constexpr std::pair<std::string_view, Clause::Kind> kinds[] = {
      {"equals", Clause::Kind::equals},       {"starts_with", Clause::Kind::starts_with},
      {"ends_with", Clause::Kind::ends_with}, {"contains", Clause::Kind::contains},
      {"or", Clause::Kind::any_of},           {"and", Clause::Kind::all_of}};
  for (const auto& [name, kind] : kinds) {
    const Value* content = member(&match, name);
    if (content == nullptr) continue;
    if (content->IsString() && content->GetStringLength() > 0 && kind != Clause::Kind::any_of &&
        kind != Clause::Kind::all_of)
      return {kind, std::string(text_of(*content)), {}};
    if (!content->IsArray() || content->Empty() || depth >= clause_depth_max) break;
    Clause clause{kind, {}, {}};
    for (const Value& part : content->GetArray()) clause.parts.push_back(read_clause(part, depth + 1));
    return clause;
  }
  return {};
}

// A price, or {"base": price, "tiers": [{"start": tokens, "price": price}]}.
void add_price(ListedPrices& prices, Part part, const Value* price) {
  if (price == nullptr || !price->IsObject()) return add_step(prices, part, 0, price, usd_a_million_tokens);
  add_step(prices, part, 0, member(price, "base"), usd_a_million_tokens);
  const Value* tiers = member(price, "tiers");
  if (tiers == nullptr || !tiers->IsArray()) return;
  for (const Value& tier : tiers->GetArray()) {
    const Value* start = member(&tier, "start");
    const auto from_tokens = scaled_decimal(start != nullptr ? text_of(*start) : "", 0);
    // A step whose place is not known counts from the start: too dear rather than too cheap.
    add_step(prices, part, from_tokens.value_or(0), member(&tier, "price"), usd_a_million_tokens);
  }
}

void add_prices(ListedPrices& prices, const Value* listed) {
  add_price(prices, Part::input, member(listed, "input_mtok"));
  add_price(prices, Part::cached_input, member(listed, "cache_read_mtok"));
  add_price(prices, Part::output, member(listed, "output_mtok"));
}

// Prices under conditions: the last whose condition holds counts. One that holds at hours of the day only counts
// beside those before it, since what is sold at one price may run at any hour.
ListedPrices read_prices(const Value& listed, std::string_view today) {
  ListedPrices prices;
  if (!listed.IsArray()) {
    add_prices(prices, &listed);
    return prices;
  }
  for (rapidjson::SizeType i = listed.Size(); i-- > 0;) {
    const Value* constraint = member(&listed[i], "constraint");
    const Value* start_date = member(constraint, "start_date");
    if (start_date != nullptr && text_of(*start_date) > today) continue;
    add_prices(prices, member(&listed[i], "prices"));
    if (member(constraint, "start_time") == nullptr) break;
  }
  return prices;
}

}  // namespace

std::vector<ListedModel> read_genai_prices(const Value& list, std::string_view today) {
  std::vector<ListedModel> models;
  for (const Value& provider : list.GetArray()) {
    for (const Value& listed : member(&provider, "models")->GetArray()) {
      const Value* name = member(&listed, "id");
      const Value* match = member(&listed, "match");
      const Value* prices = member(&listed, "prices");
      if (name == nullptr || text_of(*name).empty() || prices == nullptr) continue;
      models.push_back({std::string(text_of(*member(&provider, "id"))),
                        std::string(text_of(*name)),
                        match != nullptr ? read_clause(*match, 0) : Clause{},
                        read_prices(*prices, today),
                        {}});
    }
  }
  return models;
}

}  // namespace schemas::price_lists
