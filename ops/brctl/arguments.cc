#include "ops/brctl/arguments.h"

#include <charconv>
#include <chrono>
#include <limits>

#include "schemas/rfc3339.h"

namespace ops::brctl {

namespace {

constexpr std::int64_t units_ago_max = 1'000'000;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return number;
}

std::optional<core::Duration> parse_ago(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto count = parse_number<std::int64_t>(text.substr(0, text.size() - 1));
  if (!count || *count > units_ago_max) return std::nullopt;
  switch (text.back()) {
    case 's': return std::chrono::seconds(*count);
    case 'm': return std::chrono::minutes(*count);
    case 'h': return std::chrono::hours(*count);
    case 'd': return std::chrono::days(*count);
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(const LogPlace& place) {
  return std::to_string(place.partition.value()) + "/" + std::to_string(place.offset.value()) +
         (place.event ? "." + std::to_string(*place.event) : "");
}

std::optional<LogPlace> parse_place(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::size_t point = text.find('.', slash);
  const auto partition = parse_number<std::uint32_t>(text.substr(0, slash));
  const auto offset = parse_number<std::int64_t>(
      text.substr(slash + 1, point == std::string_view::npos ? std::string_view::npos : point - slash - 1));
  if (!partition || !offset) return std::nullopt;
  LogPlace place{.partition = core::Partition(*partition), .offset = core::Offset(*offset)};
  if (point != std::string_view::npos) {
    const auto event = parse_number<std::uint32_t>(text.substr(point + 1));
    if (!event) return std::nullopt;
    place.event = *event;
  }
  return place;
}

core::Result<core::Timestamp> parse_time(std::string_view text, core::Timestamp now) {
  if (const auto ago = parse_ago(text)) return now - *ago;
  const bool day = text.size() == std::string_view("2026-11-22").size();
  auto time = schemas::parse_rfc3339(day ? std::string(text) + "T00:00:00Z" : std::string(text));
  if (time) return time;
  return core::Error{core::ErrorCode::invalid_request,
                     "'" + std::string(text) +
                         "' is no time; say 2026-11-22T18:40:00Z, 2026-11-22, or how long ago: 90s, 15m, 2h, 7d"};
}

}  // namespace ops::brctl
