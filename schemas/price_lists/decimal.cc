#include "schemas/price_lists/decimal.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace schemas::price_lists {

namespace {

constexpr int exponent_max = 400;  // beyond what a double holds, and so beyond what a JSON library writes

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

// Takes digits from the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

// Takes "e-07" or nothing.
std::optional<int> take_exponent(std::string_view& text) {
  if (text.empty()) return 0;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = take_digits(text);
  int exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (digits.empty() || read.ec != std::errc() || exponent > exponent_max) return std::nullopt;
  return negative ? -exponent : exponent;
}

}  // namespace

std::optional<std::int64_t> scaled_decimal(std::string_view number, int shift) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::string_view whole = take_digits(number);
  std::string_view fraction;
  if (number.starts_with('.')) {
    number.remove_prefix(1);
    fraction = take_digits(number);
    if (fraction.empty()) return std::nullopt;
  }
  const std::optional<int> exponent = take_exponent(number);
  if (whole.empty() || !exponent || !number.empty()) return std::nullopt;

  const std::string digits = std::string(whole) + std::string(fraction);
  const auto point = static_cast<std::int64_t>(whole.size()) + *exponent + shift;
  std::int64_t value = 0;
  for (std::int64_t i = 0; i < point; ++i) {
    const bool written = static_cast<std::size_t>(i) < digits.size();
    if (!written && value == 0) break;
    value = value * 10 + (written ? digits[static_cast<std::size_t>(i)] - '0' : 0);
    if (value > scaled_max) return std::nullopt;
  }
  if (point >= 0 && static_cast<std::size_t>(point) < digits.size() && digits[static_cast<std::size_t>(point)] >= '5')
    ++value;
  if (value > scaled_max) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace schemas::price_lists
