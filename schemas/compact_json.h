// JSON from outside without its white space, so that it can be stored, compared and cut into parts.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace schemas {

// Keeps numbers digit by digit and members in their order, also repeated ones. Memory is bounded whatever the nesting.
// Errors: malformed_json (`param` is the byte), json_too_deep.
core::Result<std::string> compact_json(std::string_view text, int depth_max = 64);

}  // namespace schemas
