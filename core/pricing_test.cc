// If this failed: a customer would be charged something else than prices × tokens, rounded once.
#include "core/pricing.h"

#include <gtest/gtest.h>

#include <limits>

namespace core {
namespace {

constexpr Prices prices{TokenPrice::from_picos(750'000), TokenPrice::from_picos(75'000),
                        TokenPrice::from_picos(4'500'000)};

TEST(Pricing, adds_the_three_parts) {
  // 900 × 0.75 + 100 × 0.075 + 200 × 4.50 USD per million
  EXPECT_EQ(price_tokens(prices, 1'000, 100, 200), Money::from_nanos(1'582'500));
  EXPECT_EQ(price_tokens(prices, 0, 0, 0), Money());
}

TEST(Pricing, rounds_up_once_for_the_whole_item) {
  const Prices third_of_a_nano{TokenPrice::from_picos(333), TokenPrice::from_picos(333), TokenPrice::from_picos(333)};
  EXPECT_EQ(price_tokens(third_of_a_nano, 1, 0, 1), Money::from_nanos(1));
  EXPECT_EQ(price_tokens(third_of_a_nano, 2, 1, 2), Money::from_nanos(2));
}

TEST(Pricing, refuses_counts_that_cannot_be) {
  EXPECT_FALSE(price_tokens(prices, -1, 0, 0));
  EXPECT_FALSE(price_tokens(prices, 10, 11, 0));
  EXPECT_FALSE(price_tokens(prices, 0, 0, (std::int64_t{1} << 40) + 1));
  const Prices absurd{TokenPrice::from_picos(std::numeric_limits<std::int64_t>::max()), {}, {}};
  EXPECT_FALSE(price_tokens(absurd, std::int64_t{1} << 40, 0, 0));
}

TEST(Pricing, buys_what_was_asked_for_within_what_the_model_gives) {
  Model model;
  model.output_tokens_max = 4'096;
  ManifestItem item;
  EXPECT_EQ(output_tokens_to_buy(model, item), 1'024);
  item.output_tokens_max = 64;
  EXPECT_EQ(output_tokens_to_buy(model, item), 64);
  item.output_tokens_max = 1'000'000;
  EXPECT_EQ(output_tokens_to_buy(model, item), 4'096);
  item.operation = Operation::embeddings;
  EXPECT_EQ(output_tokens_to_buy(model, item), 0);
}

}  // namespace
}  // namespace core
