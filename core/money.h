// Money is integers: amounts in nano-USD, token prices in pico-USD. One rounding rule, used once per item.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace core {

// An amount in nano-USD (1e-9 USD). Up to 9.2 billion USD either way.
class Money {
 public:
  constexpr Money() = default;
  static constexpr Money from_nanos(std::int64_t nanos) { return Money(nanos); }
  static constexpr Money from_cents(std::int64_t cents) { return Money(cents * 10'000'000); }
  constexpr std::int64_t nanos() const { return nanos_; }

  friend constexpr bool operator==(Money, Money) = default;
  friend constexpr auto operator<=>(Money, Money) = default;

 private:
  constexpr explicit Money(std::int64_t nanos) : nanos_(nanos) {}
  std::int64_t nanos_ = 0;
};

// nullopt when the result does not fit.
[[nodiscard]] std::optional<Money> checked_add(Money a, Money b);
[[nodiscard]] std::optional<Money> checked_subtract(Money a, Money b);
[[nodiscard]] std::optional<Money> checked_multiply(Money a, std::int64_t factor);

// For amounts already known to fit, such as parts of a checked total: anything else is a bug of ours.
Money operator+(Money a, Money b);
Money operator-(Money a, Money b);

// Exact decimal USD, at least two places: "0.42", "0.000012345", "-1.00".
std::string to_decimal(Money amount);

// Reads what to_decimal writes, and any decimal of up to nine places. Errors: amount_out_of_range, invalid_request.
Result<Money> money_from_decimal(std::string_view text);

// A price in pico-USD (1e-12 USD) per token. Never negative.
class TokenPrice {
 public:
  constexpr TokenPrice() = default;
  static constexpr TokenPrice from_picos(std::int64_t picos) { return TokenPrice(picos); }
  constexpr std::int64_t picos() const { return picos_; }

  friend constexpr bool operator==(TokenPrice, TokenPrice) = default;
  friend constexpr auto operator<=>(TokenPrice, TokenPrice) = default;

 private:
  constexpr explicit TokenPrice(std::int64_t picos) : picos_(picos) {}
  std::int64_t picos_ = 0;
};

// What prices and token counts come to, before the one rounding: pico-USD in 128 bits.
class Cost {
 public:
  // Adds price × tokens; tokens must not be negative.
  Cost& add(TokenPrice price, std::int64_t tokens);
  // The rounding rule of the whole system: up to the next nano-USD. nullopt when it does not fit.
  std::optional<Money> round_up() const;

 private:
  __extension__ using Wide = unsigned __int128;
  Wide picos_ = 0;
};

}  // namespace core
