#include "adapters/providers/wait_hints.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "adapters/http_client/retry_after.h"
#include "schemas/rfc3339.h"

namespace adapters::providers {
namespace {

constexpr Milliseconds wait_max = http_client::retry_after_max;
constexpr std::size_t text_bytes_max = 64;

std::optional<std::string_view> find(const http_client::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || ((text[0] < '0' || text[0] > '9') && text[0] != '.')) return std::nullopt;
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<double> take_unit_milliseconds(std::string_view& text) {
  static constexpr std::pair<std::string_view, double> units[] = {
      {"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
  for (const auto& [unit, milliseconds] : units) {
    if (!text.starts_with(unit)) continue;
    text.remove_prefix(unit.size());
    return milliseconds;
  }
  return std::nullopt;
}

Milliseconds rounded_up(double milliseconds) {
  return Milliseconds(std::llround(std::ceil(std::min(milliseconds, static_cast<double>(wait_max.count())))));
}

std::optional<Milliseconds> until(std::string_view instant, core::Timestamp now) {
  const core::Result<core::Timestamp> time = schemas::parse_rfc3339(instant);
  if (time.has_error()) return std::nullopt;
  return std::clamp<Milliseconds>(std::chrono::ceil<Milliseconds>(*time - now), Milliseconds(0), wait_max);
}

bool is_zero(std::string_view text) {
  const auto number = take_number(text);
  return number && *number == 0 && text.empty();
}

}  // namespace

std::optional<Milliseconds> parse_go_duration(std::string_view text) {
  if (text.empty() || text.size() > text_bytes_max) return std::nullopt;
  double sum = 0;
  bool first = true;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (first && text.empty()) return rounded_up(*number * 1e3);
    const auto unit = take_unit_milliseconds(text);
    if (!unit) return std::nullopt;
    sum += *number * *unit;
    first = false;
  }
  return rounded_up(sum);
}

std::optional<Milliseconds> retry_after(const http_client::Headers& headers, core::Timestamp now) {
  if (auto text = find(headers, "retry-after-ms")) {
    const auto number = take_number(*text);
    if (number && text->empty()) return rounded_up(*number);
  }
  const auto text = find(headers, "retry-after");
  if (!text) return std::nullopt;
  return http_client::parse_retry_after(*text, now);
}

std::optional<Milliseconds> exhausted_for(const http_client::Headers& headers, core::Timestamp now) {
  static constexpr std::string_view remaining = "remaining";
  std::optional<Milliseconds> longest;
  for (const auto& [name, value] : headers) {
    const bool openai = name.starts_with("x-ratelimit-remaining");
    const bool anthropic = name.starts_with("anthropic-ratelimit-") && name.ends_with("-remaining");
    if ((!openai && !anthropic) || !is_zero(value)) continue;
    std::string reset = name;
    reset.replace(reset.rfind(remaining), remaining.size(), "reset");
    const auto text = find(headers, reset);
    if (!text) continue;
    auto wait = openai ? parse_go_duration(*text) : std::nullopt;
    if (!wait) wait = until(*text, now);
    if (wait) longest = std::max(longest.value_or(Milliseconds(0)), *wait);
  }
  return longest;
}

}  // namespace adapters::providers
