// If this failed: the simulated provider would sell at other prices than the list, or real offerings would change.
#include "core/catalog.h"

#include <gtest/gtest.h>

namespace core {
namespace {

Prices prices(std::int64_t input, std::int64_t output) {
  return {TokenPrice::from_picos(input), TokenPrice::from_picos(input / 10), TokenPrice::from_picos(output)};
}

Offering offering(const char* provider, const char* model, Mode mode, Prices at) {
  return {ProviderId(provider), ModelSlug(model), mode, at, PrivacyTier::standard, {"global"}};
}

Model model(const char* slug) {
  return {ModelSlug(slug), slug, ProviderId("x"), {Operation::responses}, 1, 1, 0.5};
}

const Offering* simulated(const Catalog& catalog, const char* slug, Mode mode) {
  for (const std::size_t index : catalog.offerings_of(ModelSlug(slug))) {
    const Offering& found = catalog.offerings()[index];
    if (found.provider == ProviderId("simulated") && found.mode == mode) return &found;
  }
  return nullptr;
}

TEST(Catalog, simulated_provider_sells_every_model_at_its_cheapest_list_price) {
  const Catalog real("v1", {{ProviderId("x"), "X", 0.9, false}}, {model("a"), model("b"), model("unsold")},
                     {offering("x", "a", Mode::sync, prices(30, 90)), offering("y", "a", Mode::sync, prices(20, 80)),
                      offering("x", "a", Mode::batch, prices(13, 40)), offering("x", "b", Mode::sync, prices(15, 70))});
  const Catalog catalog = with_simulated_provider(real);

  ASSERT_NE(catalog.provider(ProviderId("simulated")), nullptr);
  EXPECT_TRUE(catalog.provider(ProviderId("simulated"))->simulated);
  EXPECT_EQ(simulated(catalog, "a", Mode::sync)->prices, prices(20, 80));
  EXPECT_EQ(simulated(catalog, "a", Mode::batch)->prices, prices(13, 40));
  EXPECT_EQ(simulated(catalog, "b", Mode::batch)->prices.input, TokenPrice::from_picos(8));  // half, rounded up
  EXPECT_EQ(simulated(catalog, "b", Mode::batch)->prices.output, TokenPrice::from_picos(35));
  EXPECT_EQ(simulated(catalog, "b", Mode::sync)->privacy_tier, PrivacyTier::zero_retention);
  EXPECT_EQ(simulated(catalog, "unsold", Mode::sync), nullptr);

  EXPECT_EQ(catalog.version(), "v1+simulated");
  for (std::size_t i = 0; i < real.offerings().size(); ++i) EXPECT_EQ(catalog.offerings()[i], real.offerings()[i]);
}

TEST(Catalog, finds_offerings_of_a_model_in_catalog_order) {
  const Catalog catalog("v1", {}, {model("a")},
                        {offering("x", "a", Mode::sync, prices(1, 1)), offering("x", "b", Mode::sync, prices(1, 1)),
                         offering("y", "a", Mode::sync, prices(1, 1))});
  EXPECT_EQ(catalog.offerings_of(ModelSlug("a")), (std::vector<std::size_t>{0, 2}));
  EXPECT_TRUE(catalog.offerings_of(ModelSlug("nobody's")).empty());
  EXPECT_EQ(catalog.model(ModelSlug("b")), nullptr);
}

}  // namespace
}  // namespace core
