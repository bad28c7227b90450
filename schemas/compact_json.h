// JSON from outside without its white space, so that it can be stored, compared and cut into parts.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace schemas {

// Keeps numbers digit by digit and members in their order, also repeated ones. Memory is bounded whatever the nesting.
// What it answers is whole UTF-8. Errors: malformed_json (`param` is the byte; also numbers of 1e309 and more, and
// halves of surrogate pairs), json_too_deep.
core::Result<std::string> compact_json(std::string_view text, int depth_max = 64);

}  // namespace schemas
