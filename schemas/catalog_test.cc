// If this failed: prices would differ from the list by a rounding, or a typing error in a catalog would go unnoticed.
#include "schemas/catalog.h"

#include <gtest/gtest.h>

#include <string>

namespace schemas {
namespace {

const std::string good = R"({
  "version": "v1",
  "providers": [{"id": "acme", "display_name": "Acme", "reliability_prior_score": 0.9}],
  "models": [{"slug": "small", "display_name": "Small", "vendor": "acme", "operations": ["responses"],
    "context_tokens_max": 1000, "output_tokens_max": 100, "quality_score": 0.5,
    "offerings": [{"provider": "acme", "mode": "sync", "provider_model": "acme/small-1", "input": "0.75",
      "cached_input": "0.000001", "output": "4.5", "privacy_tier": "no_training", "regions": ["us", "eu"]}]}]})";

std::string with(const std::string& old_text, const std::string& new_text) {
  std::string changed = good;
  const std::size_t at = changed.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return changed.replace(at, old_text.size(), new_text);
}

void expect_refusal(const std::string& json, core::ErrorCode code, const std::string& pointer) {
  const auto catalog = parse_catalog(json);
  ASSERT_FALSE(catalog.has_value()) << json;
  EXPECT_EQ(catalog.error().code, code) << catalog.error().detail;
  EXPECT_EQ(catalog.error().param, pointer) << catalog.error().detail;
}

TEST(CatalogFile, prices_are_exact) {
  const auto catalog = parse_catalog(good);
  ASSERT_TRUE(catalog.has_value()) << catalog.error().detail;
  ASSERT_EQ(catalog->offerings().size(), 1u);
  const core::Offering& offering = catalog->offerings()[0];
  EXPECT_EQ(offering.prices.input.picos(), 750'000);
  EXPECT_EQ(offering.prices.cached_input.picos(), 1);
  EXPECT_EQ(offering.prices.output.picos(), 4'500'000);
  EXPECT_EQ(offering.provider_model, "acme/small-1");
  EXPECT_EQ(offering.regions, (std::vector<std::string>{"us", "eu"}));
  EXPECT_EQ(offering.privacy_tier, core::PrivacyTier::no_training);
  EXPECT_EQ(catalog->version(), "v1");
}

// Requests would go to another path than the provider's, or in a dialect that it does not speak.
TEST(CatalogFile, a_provider_says_where_and_how_it_is_spoken_to) {
  const auto plain = parse_catalog(good);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->providers()[0].protocol, core::Protocol::openai_compatible);
  EXPECT_EQ(plain->providers()[0].base_url, "");
  EXPECT_EQ(plain->providers()[0].path_prefix, "/v1");
  EXPECT_TRUE(plain->providers()[0].dialects.empty());

  const core::Catalog catalog = built_in_catalog();
  const core::Provider& google = *catalog.provider(core::ProviderId("google"));
  EXPECT_EQ(google.base_url + google.path_prefix, "https://generativelanguage.googleapis.com/v1beta/openai");
  const core::Provider& anthropic = *catalog.provider(core::ProviderId("anthropic"));
  EXPECT_EQ(anthropic.base_url + anthropic.path_prefix, "https://api.anthropic.com/v1");
  EXPECT_EQ(anthropic.protocol, core::Protocol::anthropic);
  EXPECT_EQ(anthropic.dialects, std::vector{core::Operation::messages});
  for (const core::Provider& provider : catalog.providers()) EXPECT_NE(provider.base_url, "") << provider.id.value();
}

TEST(CatalogFile, refusals_name_the_place) {
  using core::ErrorCode;
  const std::string offering = "/models/0/offerings/0";
  expect_refusal("{", ErrorCode::malformed_json, "");
  expect_refusal("[]", ErrorCode::configuration_invalid, "");
  expect_refusal(with(R"("version")", R"("versoin")"), ErrorCode::unknown_field, "/versoin");
  expect_refusal(with(R"("version": "v1",)", ""), ErrorCode::configuration_invalid, "/version");
  expect_refusal(with(R"("mode")", R"("mode": "sync", "mode")"), ErrorCode::configuration_invalid, offering + "/mode");
  expect_refusal(with(R"("sync")", R"("later")"), ErrorCode::configuration_invalid, offering + "/mode");
  expect_refusal(with(R"("id": "acme")", R"("id": "simulated")"), ErrorCode::configuration_invalid, "/providers/0/id");
  for (const char* member :
       {R"("protocol": "grpc")", R"("base_url": "acme.example")", R"("base_url": "https://a/")",
        R"("path_prefix": "v1")", R"("path_prefix": 1)", R"("dialects": ["response"])", R"("dialects": [])"}) {
    const std::string name(member + 1, std::string_view(member).find('"', 1) - 1);
    expect_refusal(with(R"("id": "acme")", R"("id": "acme", )" + std::string(member)), ErrorCode::configuration_invalid,
                   "/providers/0/" + name);
  }
  expect_refusal(with(R"("provider": "acme")", R"("provider": "other")"), ErrorCode::configuration_invalid,
                 offering + "/provider");
  expect_refusal(with("0.5,", "1.5,"), ErrorCode::configuration_invalid, "/models/0/quality_score");
  expect_refusal(with("1000,", "-1,"), ErrorCode::configuration_invalid, "/models/0/context_tokens_max");
  expect_refusal(with(R"(["responses"])", R"(["response"])"), ErrorCode::configuration_invalid, "/models/0/operations");
  for (const char* price : {R"("0.0000001")", R"("-1")", R"("1e-6")", "0.75", R"("")", R"("99999999")"}) {
    expect_refusal(with(R"("0.75")", price), ErrorCode::configuration_invalid, offering + "/input");
  }
  expect_refusal(with(R"("0.000001")", R"("0.76")"), ErrorCode::configuration_invalid, offering + "/cached_input");
}

TEST(CatalogFile, the_same_thing_twice_is_refused) {
  const std::size_t begin = good.find(R"({"provider")");
  const std::string offering = good.substr(begin, good.find('}', begin) + 1 - begin);
  expect_refusal(with(offering, offering + "," + offering), core::ErrorCode::configuration_invalid,
                 "/models/0/offerings/1");
}

TEST(CatalogFile, the_built_in_one_is_whole) {
  const core::Catalog catalog = built_in_catalog();
  EXPECT_GE(catalog.models().size(), 30u);
  EXPECT_GE(catalog.providers().size(), 5u);
  for (const core::Model& model : catalog.models())
    EXPECT_FALSE(catalog.offerings_of(model.slug).empty()) << model.slug.value();

  const core::ModelSlug mini("gpt-5.4-mini");
  ASSERT_NE(catalog.model(mini), nullptr);
  ASSERT_EQ(catalog.offerings_of(mini).size(), 2u);
  const core::Offering& sync = catalog.offerings()[catalog.offerings_of(mini)[0]];
  const core::Offering& batch = catalog.offerings()[catalog.offerings_of(mini)[1]];
  EXPECT_EQ(sync.prices.input.picos(), 750'000);
  EXPECT_EQ(sync.prices.output.picos(), 4'500'000);
  EXPECT_EQ(batch.mode, core::Mode::batch);
  EXPECT_EQ(batch.prices.cached_input.picos(), 37'500);
  for (const char* slug : {"gpt-5.4", "gpt-4o-mini", "text-embedding-3-small", "text-embedding-3-large",
                           "claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8"})
    EXPECT_NE(catalog.model(core::ModelSlug(slug)), nullptr) << slug;
}

}  // namespace
}  // namespace schemas
