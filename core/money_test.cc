// If this failed: amounts would be misread, misprinted, or wrap around.
#include "core/money.h"

#include <gtest/gtest.h>

#include <limits>

namespace core {
namespace {

constexpr Money largest = Money::from_nanos(std::numeric_limits<std::int64_t>::max());
constexpr Money smallest = Money::from_nanos(std::numeric_limits<std::int64_t>::min());

TEST(Money, prints_exactly_with_two_places_at_least) {
  EXPECT_EQ(to_decimal(Money()), "0.00");
  EXPECT_EQ(to_decimal(Money::from_cents(42)), "0.42");
  EXPECT_EQ(to_decimal(Money::from_cents(-100)), "-1.00");
  EXPECT_EQ(to_decimal(Money::from_nanos(12'345)), "0.000012345");
  EXPECT_EQ(to_decimal(Money::from_nanos(1'500'000'000)), "1.50");
  EXPECT_EQ(to_decimal(largest), "9223372036.854775807");
  EXPECT_EQ(to_decimal(smallest), "-9223372036.854775808");
}

TEST(Money, reads_back_what_it_prints) {
  for (const std::int64_t nanos : {0L, 1L, -1L, 999'999'999L, 1'000'000'000L, -1'234'567'890'123L, largest.nanos()}) {
    const Money amount = Money::from_nanos(nanos);
    ASSERT_TRUE(money_from_decimal(to_decimal(amount)).has_value()) << nanos;
    EXPECT_EQ(*money_from_decimal(to_decimal(amount)), amount);
  }
  EXPECT_EQ(*money_from_decimal("7"), Money::from_cents(700));
}

TEST(Money, refuses_what_is_no_amount) {
  for (const char* text : {"", "-", ".5", "1.", "1.0000000001", "1e3", "+1", " 1", "1,00", "--1", "0x1", "1.2.3"}) {
    const Result<Money> amount = money_from_decimal(text);
    ASSERT_FALSE(amount.has_value()) << text;
    EXPECT_EQ(amount.error().code, ErrorCode::invalid_request) << text;
  }
  const Result<Money> huge = money_from_decimal("9223372036.854775808");
  ASSERT_FALSE(huge.has_value());
  EXPECT_EQ(huge.error().code, ErrorCode::amount_out_of_range);
}

TEST(Money, checked_arithmetic_never_wraps) {
  EXPECT_EQ(checked_add(Money::from_nanos(1), Money::from_nanos(2)), Money::from_nanos(3));
  EXPECT_FALSE(checked_add(largest, Money::from_nanos(1)));
  EXPECT_FALSE(checked_subtract(smallest, Money::from_nanos(1)));
  EXPECT_FALSE(checked_multiply(largest, 2));
  EXPECT_EQ(checked_multiply(Money::from_cents(2), 3), Money::from_cents(6));
}

TEST(MoneyDeathTest, unchecked_arithmetic_stops_at_overflow) {
  EXPECT_DEATH(largest + Money::from_nanos(1), "invariant broken");
  EXPECT_DEATH(smallest - Money::from_nanos(1), "invariant broken");
}

TEST(Cost, rounds_up_to_the_next_nano_once) {
  EXPECT_EQ(Cost().round_up(), Money());
  EXPECT_EQ(Cost().add(TokenPrice::from_picos(1), 1).round_up(), Money::from_nanos(1));
  EXPECT_EQ(Cost().add(TokenPrice::from_picos(1'000), 1).round_up(), Money::from_nanos(1));
  EXPECT_EQ(Cost().add(TokenPrice::from_picos(1'001), 1).round_up(), Money::from_nanos(2));
  EXPECT_EQ(Cost().add(TokenPrice::from_picos(500), 1).add(TokenPrice::from_picos(500), 1).round_up(),
            Money::from_nanos(1));
}

TEST(Cost, says_when_it_does_not_fit) {
  const TokenPrice highest = TokenPrice::from_picos(std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(Cost().add(highest, std::int64_t{1} << 40).round_up());
  EXPECT_TRUE(Cost().add(highest, 1'000).round_up());
}

}  // namespace
}  // namespace core
