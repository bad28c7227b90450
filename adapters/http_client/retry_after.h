// The Retry-After header (RFC 9110 10.2.3).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace adapters::http_client {

inline constexpr std::chrono::seconds retry_after_max = std::chrono::hours(24);

// Seconds (a fraction, as some providers send it, is rounded up) or an HTTP date, as a wait from `now`: at least 0, at
// most retry_after_max. nullopt when it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, core::Timestamp now);

}  // namespace adapters::http_client
