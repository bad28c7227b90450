#include "api/http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "api/http/headers.h"

namespace api::http {

namespace {

// Digits only. What is larger than any file counts as the largest number.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::numeric_limits<std::uint64_t>::max();
  return number;
}

core::Error not_satisfiable(std::uint64_t size) {
  return {core::ErrorCode::range_not_satisfiable,
          "the range asked for lies outside the file, which has " + std::to_string(size) + " bytes", "Range"};
}

}  // namespace

core::Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::optional<ByteRange> whole;
  const std::size_t equals = header.find('=');
  if (equals == std::string_view::npos || !equal_ignoring_case(header.substr(0, equals), "bytes")) return whole;
  const std::string_view range = trim(header.substr(equals + 1));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;

  const std::string_view last_text = range.substr(dash + 1);
  const std::optional<std::uint64_t> last = parse_position(last_text);
  if (dash == 0) {
    if (!last) return whole;
    if (*last == 0) return not_satisfiable(size);
    if (size == 0) return whole;  // the last bytes of nothing
    const std::uint64_t length = std::min(*last, size);
    return std::optional(ByteRange{size - length, length});
  }

  const std::optional<std::uint64_t> first = parse_position(range.substr(0, dash));
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return whole;
  if (*first >= size) return not_satisfiable(size);
  const std::uint64_t end = last ? std::min(*last, size - 1) + 1 : size;
  return std::optional(ByteRange{*first, end - *first});
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.offset) + "-" + std::to_string(range.offset + range.length - 1) + "/" +
         std::to_string(size);
}

}  // namespace api::http
