#include "adapters/http_client/retry_after.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace adapters::http_client {

namespace {

constexpr std::size_t text_bytes_max = 64;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> seconds_in(std::string_view text) {
  double seconds = 0;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (end != text.data() + text.size()) return std::nullopt;
  if (failure == std::errc::result_out_of_range) return HUGE_VAL;
  return failure == std::errc() ? std::optional(seconds) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, core::Timestamp now) {
  text = trimmed(text);
  if (text.empty() || text.size() > text_bytes_max) return std::nullopt;

  if (text[0] >= '0' && text[0] <= '9') {
    const auto seconds = seconds_in(text);
    if (!seconds) return std::nullopt;
    return std::chrono::seconds(
        std::llround(std::ceil(std::min(*seconds, static_cast<double>(retry_after_max.count())))));
  }

  // libcurl reads many more spellings of a date than the three of HTTP; those end in GMT or, in asctime's case, a year.
  const bool like_http = text.ends_with("GMT") || (text.back() >= '0' && text.back() <= '9');
  const time_t instant = like_http ? curl_getdate(std::string(text).c_str(), nullptr) : -1;
  if (instant < 0) return std::nullopt;
  const auto wait = std::chrono::seconds(instant) - std::chrono::ceil<std::chrono::seconds>(now.time_since_epoch());
  return std::clamp<std::chrono::seconds>(wait, std::chrono::seconds(0), retry_after_max);
}

}  // namespace adapters::http_client
