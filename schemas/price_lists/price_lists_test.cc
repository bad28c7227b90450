// If this failed: an import would change prices to what no list says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "schemas/catalog.h"
#include "schemas/price_lists/comparison.h"
#include "schemas/price_lists/decimal.h"
#include "schemas/rfc3339.h"

namespace schemas::price_lists {
namespace {

using core::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const core::Timestamp today = *parse_rfc3339("2026-11-22T10:00:00Z");

core::Catalog shop() {
  const auto catalog = parse_catalog(R"({"version": "2026-11-01",
    "providers": [{"id": "acme", "display_name": "Acme", "reliability_prior_score": 0.9},
                  {"id": "fireworks", "display_name": "Fireworks", "reliability_prior_score": 0.9}],
    "models": [
      {"slug": "one", "display_name": "One", "vendor": "acme", "operations": ["responses"],
       "context_tokens_max": 200000, "output_tokens_max": 100, "quality_score": 0.5, "offerings": [
        {"provider": "acme", "mode": "sync", "input": "2", "cached_input": "0.2", "output": "8",
         "privacy_tier": "standard", "regions": ["us"]},
        {"provider": "acme", "mode": "batch", "input": "1", "cached_input": "0.1", "output": "4",
         "privacy_tier": "standard", "regions": ["us"]},
        {"provider": "fireworks", "mode": "sync", "provider_model": "accounts/fireworks/models/one-v1", "input": "3",
         "cached_input": "3", "output": "9", "privacy_tier": "standard", "regions": ["us"]}]},
      {"slug": "vectors", "display_name": "Vectors", "vendor": "acme", "operations": ["embeddings"],
       "context_tokens_max": 8192, "output_tokens_max": 0, "quality_score": 0.5, "offerings": [
        {"provider": "acme", "mode": "sync", "input": "0.02", "cached_input": "0.02", "output": "0",
         "privacy_tier": "standard", "regions": ["us"]}]}]})");
  EXPECT_TRUE(catalog.has_value());
  return *catalog;
}

PriceList read(const std::string& json) {
  const auto list = read_price_list(json, "acme", today);
  EXPECT_TRUE(list.has_value()) << list.error().detail;
  return list.has_value() ? *list : PriceList{};
}

PriceList genai(const std::string& models) {
  return read(R"([{"id": "acme", "models": [)" + models + "]}]");
}

std::string genai_model(const std::string& id, const std::string& prices, const std::string& match = "{}") {
  return R"({"id": ")" + id + R"(", "match": )" + match + R"(, "prices": )" + prices + "}";
}

PriceList portkey(const std::string& name, const std::string& config, const std::string& custom = "{}") {
  return read(R"({"default": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0}}}}, ")" + name +
              R"(": {"pricing_config": )" + config + R"(, "custom_pricing": )" + custom + "}}");
}

std::string rates(const std::string& input, const std::string& cached_input, const std::string& output) {
  const auto rate = [](const char* name, const std::string& price) {
    return price.empty() ? std::string() : R"(")" + std::string(name) + R"(": {"price": )" + price + "},";
  };
  std::string all =
      rate("request_token", input) + rate("cache_read_input_token", cached_input) + rate("response_token", output);
  all.pop_back();
  return "{" + all + "}";
}

std::string told(const core::Offering& offering) {
  return offering.model.value() + " " + offering.provider.value() + " " + std::string(to_string(offering.mode));
}

// "one acme sync 4/0.4/16"
std::vector<std::string> changes(const Comparison& comparison) {
  std::vector<std::string> all;
  for (const Change& change : comparison.changes)
    all.push_back(told(change.offering) + " " + usd_per_million(change.prices.input) + "/" +
                  usd_per_million(change.prices.cached_input) + "/" + usd_per_million(change.prices.output) +
                  (change.large ? " large" : ""));
  return all;
}

std::vector<std::string> changes(const PriceList& list) {
  return changes(compare(shop(), {list}));
}

std::vector<std::string> refusals(const PriceList& list) {
  const Comparison comparison = compare(shop(), {list});
  EXPECT_THAT(changes(comparison), ElementsAre());
  std::vector<std::string> all;
  for (const Refusal& refusal : comparison.refusals) all.push_back(told(refusal.offering) + ": " + refusal.reason);
  return all;
}

TEST(Decimal, is_read_from_its_digits) {
  EXPECT_EQ(scaled_decimal("0.75", 6), 750'000);
  EXPECT_EQ(scaled_decimal("2.5e-05", 10), 250'000);
  EXPECT_EQ(scaled_decimal("0.00007499999999999999", 10), 750'000);
  EXPECT_EQ(scaled_decimal("0.00008000000000000001", 10), 800'000);
  EXPECT_EQ(scaled_decimal("0.0000000000499", 10), 0);
  EXPECT_EQ(scaled_decimal("0.00000000005", 10), 1);
  EXPECT_EQ(scaled_decimal("5E-11", 10), 1);
  EXPECT_EQ(scaled_decimal("-1.5", 6), -1'500'000);
  EXPECT_EQ(scaled_decimal("1e9", 6), scaled_max);
  EXPECT_EQ(scaled_decimal("0e400", 6), 0);
  EXPECT_EQ(scaled_decimal("1e-400", 6), 0);
  for (const char* bad : {"", "-", "1.", ".5", "1e", "1e+", "1x", "0x10", "1 ", "NaN", "1e9000000000", "1e10", "1e401"})
    EXPECT_EQ(scaled_decimal(bad, 6), std::nullopt) << bad;
}

TEST(GenaiPrices, change_what_they_tell) {
  EXPECT_THAT(changes(genai(genai_model("one", R"({"input_mtok": 4, "cache_read_mtok": 0.25, "output_mtok": 16})"))),
              ElementsAre("one acme sync 4/0.25/16"));
  EXPECT_THAT(changes(genai(genai_model("one", R"({"input_mtok": 4})"))), ElementsAre("one acme sync 4/0.4/8"));
  EXPECT_THAT(changes(genai(genai_model("vectors", R"({"input_mtok": 0.03})"))),
              ElementsAre("vectors acme sync 0.03/0.03/0"));
  EXPECT_THAT(changes(genai(genai_model("one", R"({"input_image_mtok": 4})"))), ElementsAre());
  EXPECT_THAT(changes(genai(genai_model("two", R"({"input_mtok": 4})"))), ElementsAre());
}

TEST(GenaiPrices, count_from_their_date_on) {
  const auto dated = [](const std::string& date) {
    return genai(genai_model("one", R"([{"prices": {"input_mtok": 2.5}}, {"constraint": {"start_date": ")" + date +
                                        R"("}, "prices": {"input_mtok": 2.75}}])"));
  };
  EXPECT_THAT(changes(dated("2026-11-22")), ElementsAre("one acme sync 2.75/0.275/8"));
  EXPECT_THAT(changes(dated("2026-11-23")), ElementsAre("one acme sync 2.5/0.25/8"));
  // What is cheaper at night may run by day.
  EXPECT_THAT(changes(genai(genai_model("one", R"([{"prices": {"input_mtok": 2.5}}, {"constraint": {"start_time":
                "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": 2.25}}])"))),
              ElementsAre("one acme sync 2.5/0.25/8"));
}

// The shop sells contexts of up to 200,000 tokens at one price.
TEST(GenaiPrices, are_those_of_the_longest_context_that_is_sold) {
  const auto tiered = [](const std::string& start) {
    return genai(genai_model(
        "one", R"({"output_mtok": 9, "input_mtok": {"base": 2, "tiers": [{"start": )" + start + R"(, "price": 4}]}})"));
  };
  EXPECT_THAT(changes(tiered("200000")), ElementsAre("one acme sync 2/0.2/9"));
  EXPECT_THAT(changes(tiered("199999")), ElementsAre("one acme sync 4/0.4/9"));
  EXPECT_EQ(compare(shop(), {tiered("199999")}).changes.at(0).from_tokens, 199'999);
}

TEST(GenaiPrices, find_models_by_their_aliases) {
  for (const char* match :
       {R"({"equals": "one"})", R"({"starts_with": "on"})", R"({"ends_with": "ne"})", R"({"contains": "n"})",
        R"({"or": [{"equals": "two"}, {"and": [{"starts_with": "o"}, {"contains": "e"}]}]})"})
    EXPECT_THAT(changes(genai(genai_model("else", R"({"input_mtok": 4})", match))),
                ElementsAre("one acme sync 4/0.4/8"))
        << match;
  for (const char* match : {R"({"equals": "on"})", R"({"and": []})", R"({"regex": "(o+)+$"})", R"({"or": "one"})",
                            R"({"starts_with": ""})", R"({"and": [{"starts_with": "o"}, {"regex": "one"}]})", "7"})
    EXPECT_THAT(changes(genai(genai_model("else", R"({"input_mtok": 4})", match))), ElementsAre()) << match;
  // Another model's alias does not take what has an entry of its own.
  EXPECT_THAT(changes(genai(genai_model("else", R"({"input_mtok": 5})", R"({"starts_with": "one"})") + "," +
                            genai_model("one", R"({"input_mtok": 4})"))),
              ElementsAre("one acme sync 4/0.4/8"));
  const auto named =
      read(R"([{"id": "fireworks", "models": [)" +
           genai_model("one-v1", R"({"input_mtok": 4})", R"({"equals": "accounts/fireworks/models/one-v1"})") + "]}]");
  EXPECT_THAT(changes(named), ElementsAre("one fireworks sync 4/4/9"));
}

TEST(Portkey, prices_are_cents_a_token_in_both_modes) {
  EXPECT_THAT(changes(portkey("one", R"({"pay_as_you_go": )" + rates("0.00022", "0.000021999999999999996", "0.0009") +
                                         R"(, "batch_config": )" + rates("0.00011", "", "0.00045") + "}")),
              ElementsAre("one acme sync 2.2/0.22/9", "one acme batch 1.1/0.11/4.5"));
  const auto list = read_price_list(
      R"({"one": {"pricing_config": {"pay_as_you_go": )" + rates("0.0004", "", "0.001") + "}}}", "fireworks-ai", today);
  EXPECT_THAT(changes(*list), ElementsAre("one fireworks sync 4/4/10"));
}

TEST(Portkey, modes_and_tiers_are_those_that_are_sold) {
  const std::string plain = R"({"pay_as_you_go": )" + rates("0.01", "", "0.01") + "}";
  const auto mode = [](const std::string& name, const std::string& tier, const std::string& input) {
    return R"(")" + name + R"(": {"context_tiers": {")" + tier + R"(": {"pricing_config": {"pay_as_you_go": )" +
           rates(input, "", "0.0009") + "}}}}";
  };
  const auto custom = [&](const std::string& above) {
    return R"({"context_tier_map": {"0": "short", ")" + above + R"(": "long"}, "regions": {"default":
             {"execution_modes": {)" +
           mode("standard", "short", "0.00022") + "," + mode("batch", "long", "0.00011") + "," +
           mode("flex", "short", "0.00001") + R"(}}, "us": {"execution_modes": {)" + mode("standard", "short", "0.1") +
           "}}}}";
  };
  EXPECT_THAT(changes(portkey("one", plain, custom("100000"))),
              ElementsAre("one acme sync 2.2/0.22/9", "one acme batch 1.1/0.11/9"));
  EXPECT_THAT(changes(portkey("one", plain, custom("272000"))), ElementsAre("one acme sync 2.2/0.22/9"));
}

TEST(Portkey, tiers_may_be_part_of_a_name) {
  const std::string config = R"({"pricing_config": {"pay_as_you_go": )";
  const auto list =
      read(R"({"one-lte-128k": )" + config + rates("0.0002", "", "0.0008") + R"(}}, "one-gt-128k": )" + config +
           rates("0.0003", "", "0.0009") + R"(}}, "vectors-gt-9k": )" + config + rates("0.1", "", "0") + "}}}");
  EXPECT_THAT(changes(list), ElementsAre("one acme sync 3/0.3/9"));
  EXPECT_EQ(list.models.size(), 2u);
}

TEST(Comparison, refuses_what_cannot_be) {
  EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": -1})"))),
              ElementsAre("one acme sync: input has a negative price"));
  EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": 2, "output_mtok": 0})"))),
              ElementsAre("one acme sync: output would cost nothing"));
  EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": 0.0000001})"))),
              ElementsAre("one acme sync: input would cost nothing"));
  EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": 2, "cache_read_mtok": 2.1})"))),
              ElementsAre("one acme sync: cached input would cost more than input"));
  for (const char* price : {R"("free")", "[]", "true", "1000001"})
    EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": )" + std::string(price) + "}"))),
                ElementsAre("one acme sync: input has a price that cannot be one"))
        << price;
  EXPECT_THAT(refusals(genai(genai_model("one", R"({"input_mtok": 0.9})"))),
              ElementsAre(HasSubstr("one acme sync: batch would cost more than sync")));
  EXPECT_THAT(refusals(portkey("one", R"({"pay_as_you_go": )" + rates("0.0003", "", "0.0009") +
                                          R"(, "batch_config": )" + rates("0.0004", "", "0.0009") + "}")),
              UnorderedElementsAre(HasSubstr("one acme sync: batch"), HasSubstr("one acme batch: batch")));
}

TEST(Comparison, marks_what_moves_by_more_than_three) {
  const auto input = [](const std::string& price) {
    return changes(genai(genai_model("vectors", R"({"input_mtok": )" + price + "}")));
  };
  EXPECT_THAT(input("0.06"), ElementsAre("vectors acme sync 0.06/0.06/0"));
  EXPECT_THAT(input("0.060001"), ElementsAre("vectors acme sync 0.060001/0.060001/0 large"));
  EXPECT_THAT(input("0.006666"), ElementsAre("vectors acme sync 0.006666/0.006666/0 large"));
  EXPECT_EQ(per_mille(core::TokenPrice::from_picos(3), core::TokenPrice::from_picos(4)), 333);
  EXPECT_EQ(per_mille(core::TokenPrice::from_picos(4), core::TokenPrice::from_picos(1)), -750);
  EXPECT_EQ(per_mille(core::TokenPrice(), core::TokenPrice::from_picos(1)), std::nullopt);
}

TEST(Comparison, says_what_it_left_out_and_invents_nothing) {
  const auto list = genai(genai_model("one", R"({"input_mtok": 2, "output_mtok": 8})") + "," +
                          genai_model("two", R"({"input_mtok": 2})"));
  const Comparison comparison = compare(shop(), {list});
  EXPECT_EQ(comparison.unchanged, 1u);
  EXPECT_THAT(comparison.not_in_the_catalog, ElementsAre("acme/two"));
  EXPECT_EQ(comparison.not_listed.size(), 3u);

  // The last of several lists counts.
  const auto later = genai(genai_model("one", R"({"input_mtok": 2.5})"));
  EXPECT_THAT(changes(compare(shop(), {list, later})), ElementsAre("one acme sync 2.5/0.25/8"));
  const core::Catalog changed = with_prices(shop(), compare(shop(), {later}).changes, "2026-11-22");
  EXPECT_EQ(changed.version(), "2026-11-22");
  EXPECT_EQ(changed.models().size(), shop().models().size());
  EXPECT_EQ(price_changes(shop(), changed).size(), 1u);
  EXPECT_EQ(price_changes(shop(), changed).at(0).prices.input.picos(), 2'500'000);
}

TEST(PriceList, what_is_none_is_refused) {
  const auto refused = [](const std::string& json, ErrorCode code) {
    const auto list = read_price_list(json, "acme", today);
    ASSERT_FALSE(list.has_value()) << json.substr(0, 80);
    EXPECT_EQ(list.error().code, code) << list.error().detail;
  };
  for (const char* json : {"", "{", "[1,]", "\"\xff\"", "[NaN]"}) refused(json, ErrorCode::malformed_json);
  for (const char* json : {"7", "[]", "{}", "[7]", R"([{"id": "acme"}])", R"([{"id": "acme", "models": 7}])",
                           R"({"one": {"price": 7}})", R"({"version": "2026-11-22", "providers": [], "models": []})"})
    refused(json, ErrorCode::invalid_request);
  refused(R"([{"id": "acme", "models": [{"id": "one", "prices": {"input_mtok": 1, "input_mtok": 2}}]}])",
          ErrorCode::invalid_request);
  refused(std::string(100'000, '['), ErrorCode::malformed_json);
  refused(std::string(100'000, '[') + std::string(100'000, ']'), ErrorCode::json_too_deep);
  // Members of other types than they should be tell nothing.
  for (
      const char* json :
      {R"([{"id": 7, "models": [7, {"id": [], "prices": 7}, {"id": "one", "prices": [7, {"prices": 7}]}]}])",
       R"([{"id": "acme", "models": [{"id": "one", "match": [], "prices": {"input_mtok": {"tiers": [7, {"start": {}}]}}}]}])",
       R"({"one": {"pricing_config": 7, "custom_pricing": {"context_tier_map": {"x": 7}, "regions": []}}})"})
    EXPECT_THAT(changes(read(json)), ElementsAre()) << json;
}

}  // namespace
}  // namespace schemas::price_lists
