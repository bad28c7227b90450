#pragma once

#include <string_view>

#include "core/result.h"

namespace api {

constexpr std::size_t password_characters_min = 8;

// Long enough, and none of those that everybody tries first. Its upper bound is that of what hashes it; nothing is cut
// off. Errors: invalid_request.
core::Result<void> check_new_password(std::string_view password);

}  // namespace api
