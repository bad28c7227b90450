// How many input tokens a request will cost, estimated from its body before any model has seen it.
#pragma once

#include <rapidjson/fwd.h>

#include <cstdint>
#include <string_view>

#include "core/catalog.h"
#include "core/result.h"

namespace schemas::manifest {

constexpr std::int64_t request_tokens = 16;   // what a dialect wraps around every request
constexpr std::int64_t message_tokens = 4;    // and around every message
constexpr std::int64_t image_tokens = 1'000;  // an image of about a megapixel

// core::count_tokens over every text that the model would see: instructions, messages, tools and output schemas,
// strings to embed; plus the constants above; a token array counts its length. Text hidden in parts we do not know
// counts too, so that the count errs upward. `input` is the request body of a checked item.
std::int64_t count_input_tokens(core::Operation operation, const rapidjson::Value& input);

// The same, from an item's stored input. What the simulated lane reports. Errors: malformed_json.
core::Result<std::int64_t> count_input_tokens(core::Operation operation, std::string_view input);

// What a quote reserves for: the count and 15 % more, rounded up, as real tokenisers differ from ours.
std::int64_t with_headroom(std::int64_t tokens);

}  // namespace schemas::manifest
