#include "core/money.h"

#include <limits>

#include "core/invariant.h"

namespace core {

std::optional<Money> checked_add(Money a, Money b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.nanos(), b.nanos(), &sum)) return std::nullopt;
  return Money::from_nanos(sum);
}

std::optional<Money> checked_subtract(Money a, Money b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.nanos(), b.nanos(), &difference)) return std::nullopt;
  return Money::from_nanos(difference);
}

std::optional<Money> checked_multiply(Money a, std::int64_t factor) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a.nanos(), factor, &product)) return std::nullopt;
  return Money::from_nanos(product);
}

Money operator+(Money a, Money b) {
  const std::optional<Money> sum = checked_add(a, b);
  INVARIANT(sum.has_value());
  return *sum;
}

Money operator-(Money a, Money b) {
  const std::optional<Money> difference = checked_subtract(a, b);
  INVARIANT(difference.has_value());
  return *difference;
}

namespace {
constexpr std::int64_t nanos_per_usd = 1'000'000'000;
constexpr std::size_t places_min = 2;
constexpr std::size_t places_max = 9;
}  // namespace

std::string to_decimal(Money amount) {
  const bool negative = amount.nanos() < 0;
  const std::uint64_t nanos =
      negative ? ~static_cast<std::uint64_t>(amount.nanos()) + 1 : static_cast<std::uint64_t>(amount.nanos());
  std::string fraction = std::to_string(nanos % nanos_per_usd);
  fraction.insert(0, places_max - fraction.size(), '0');
  while (fraction.size() > places_min && fraction.back() == '0') fraction.pop_back();
  return (negative ? "-" : "") + std::to_string(nanos / nanos_per_usd) + "." + fraction;
}

Result<Money> money_from_decimal(std::string_view text) {
  const Error malformed{ErrorCode::invalid_request,
                        "an amount is a decimal string of USD with at most nine places, such as \"0.42\""};
  const Error too_large{ErrorCode::amount_out_of_range, "the amount is larger than 9.2 billion USD"};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || fraction.size() > places_max || (point != std::string_view::npos && fraction.empty()))
    return malformed;

  std::int64_t nanos = 0;
  const auto push = [&](char digit) {
    return !__builtin_mul_overflow(nanos, 10, &nanos) && !__builtin_add_overflow(nanos, digit - '0', &nanos);
  };
  for (const std::string_view digits : {whole, fraction}) {
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return malformed;
      if (!push(digit)) return too_large;
    }
  }
  for (std::size_t place = fraction.size(); place < places_max; ++place) {
    if (!push('0')) return too_large;
  }
  return Money::from_nanos(negative ? -nanos : nanos);
}

Cost& Cost::add(TokenPrice price, std::int64_t tokens) {
  INVARIANT(price.picos() >= 0);
  INVARIANT(tokens >= 0);
  picos_ += static_cast<Wide>(price.picos()) * static_cast<Wide>(tokens);
  return *this;
}

std::optional<Money> Cost::round_up() const {
  constexpr Wide picos_per_nano = 1'000;
  const Wide nanos = (picos_ + picos_per_nano - 1) / picos_per_nano;
  if (nanos > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return Money::from_nanos(static_cast<std::int64_t>(nanos));
}

}  // namespace core
