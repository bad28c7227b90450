// Guards a JSON parser that recurses or builds a tree.
#pragma once

#include <string_view>

#include "core/result.h"

namespace api::http {

// Scans nesting outside strings, in one pass and constant memory; says nothing else about whether the text is JSON.
// Errors: json_too_deep.
core::Result<void> check_json_depth(std::string_view text, int depth_max = 64);

}  // namespace api::http
