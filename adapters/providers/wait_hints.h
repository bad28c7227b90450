// How long a provider asks to be left alone, in every form in which providers say so. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "adapters/http_client/http_client.h"
#include "core/time.h"

namespace adapters::providers {

using Milliseconds = std::chrono::milliseconds;

// "6m0s", "7.25s", "20ms", "1h2m3.5s", and a bare number as seconds. nullopt when it is neither, or negative. At most
// a day, as everything below.
std::optional<Milliseconds> parse_go_duration(std::string_view text);

// retry-after-ms, else retry-after as seconds or HTTP date. nullopt when neither is there and readable.
std::optional<Milliseconds> retry_after(const http_client::Headers& headers, core::Timestamp now);

// Until the last of the limits of which nothing remains is reset: x-ratelimit-remaining-* with -reset-* as duration,
// anthropic-ratelimit-*-remaining with -reset as instant. nullopt when something remains of each.
std::optional<Milliseconds> exhausted_for(const http_client::Headers& headers, core::Timestamp now);

}  // namespace adapters::providers
