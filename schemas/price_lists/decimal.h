#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace schemas::price_lists {

// A JSON number, from its digits, times ten to the power of `shift`, as a whole number: halves are rounded away from
// zero. No binary floating point touches it. nullopt: no JSON number, or beyond `scaled_max` either way.
std::optional<std::int64_t> scaled_decimal(std::string_view number, int shift);

constexpr std::int64_t scaled_max = 1'000'000'000'000'000;

}  // namespace schemas::price_lists
