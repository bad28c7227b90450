// Refusals as HTTP: the one place that knows which status a code has.
#pragma once

#include <string_view>

#include "core/result.h"

namespace api::http {

int http_status(core::ErrorCode code);

// "Not Found"; empty for a status that is not ours.
std::string_view reason_phrase(int status);

}  // namespace api::http
