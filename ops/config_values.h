// How one kind of value is read from text and written as TOML. A function for each kind that the table of keys uses.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/money.h"
#include "ops/config_keys.h"

namespace ops {

template <class Value>
struct ValueType {
  Kind kind;
  std::string allowed;
  std::function<std::optional<Value>(std::string_view)> parse;
  std::function<std::string(const Value&)> format;
  bool is_secret = false;
};

// `text` as a TOML string.
std::string toml_string(std::string_view text);

// "67108864", "64 MiB" or "64MiB".
std::optional<std::uint64_t> bytes_from(std::string_view text);
std::string bytes_to_text(std::uint64_t bytes);

// "https://app.example.com, *" as browsers send them in Origin: nothing behind host and port. At most 100.
std::optional<std::vector<std::string>> origins_from(std::string_view text);

ValueType<std::string> text(std::string allowed, bool (*is_allowed)(std::string_view));
// A text that is never shown again.
ValueType<std::string> secret();
ValueType<bool> boolean();
ValueType<core::Money> money(core::Money max);
ValueType<double> rate();
ValueType<std::uint64_t> byte_count(std::uint64_t min, std::uint64_t max);
ValueType<std::vector<std::chrono::seconds>> seconds_list(std::size_t size_max, std::chrono::seconds max);

template <std::integral Number>
std::optional<Number> whole_number_from(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <std::integral Number>
ValueType<Number> whole_number(Number min, Number max) {
  return {.kind = Kind::whole_number,
          .allowed = "a whole number from " + std::to_string(min) + " to " + std::to_string(max),
          .parse = [min, max](std::string_view given) -> std::optional<Number> {
            const std::optional<Number> number = whole_number_from<Number>(given);
            return number && *number >= min && *number <= max ? number : std::nullopt;
          },
          .format = [](const Number& number) { return std::to_string(number); }};
}

// A number of Durations: the key's name has the unit.
template <class Duration>
ValueType<Duration> duration(Duration min, Duration max) {
  const ValueType<std::int64_t> number = whole_number<std::int64_t>(min.count(), max.count());
  return {.kind = number.kind,
          .allowed = number.allowed,
          .parse = [number](std::string_view given) -> std::optional<Duration> {
            const std::optional<std::int64_t> count = number.parse(given);
            return count ? std::optional(Duration(*count)) : std::nullopt;
          },
          .format = [](const Duration& value) { return std::to_string(value.count()); }};
}

template <class Enum>
ValueType<Enum> word(std::vector<std::pair<std::string_view, Enum>> words, std::string_view remark = "") {
  std::string allowed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) allowed += i + 1 == words.size() ? " or " : ", ";
    allowed += toml_string(words[i].first);
  }
  allowed += remark;
  return {.kind = Kind::text,
          .allowed = allowed,
          .parse = [words](std::string_view given) -> std::optional<Enum> {
            const auto found = std::ranges::find(words, given, &std::pair<std::string_view, Enum>::first);
            return found == words.end() ? std::nullopt : std::optional(found->second);
          },
          .format =
              [words](const Enum& value) {
                const auto found = std::ranges::find(words, value, &std::pair<std::string_view, Enum>::second);
                return toml_string(found == words.end() ? "" : found->first);
              }};
}

}  // namespace ops
