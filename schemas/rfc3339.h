// Times as RFC 3339 texts, the one form in which they enter and leave as JSON.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace schemas {

// "2026-01-31T08:00:00Z", "2026-01-31T10:00:00.250+02:00". An offset is required, years run from 1970 to 9999 (also
// after the offset is taken away), what is finer than a microsecond is cut off, leap seconds are refused. Errors:
// invalid_request.
core::Result<core::Timestamp> parse_rfc3339(std::string_view text);

// In UTC with 'Z'; six decimals unless they are all zero. `time` lies in the years above.
std::string to_rfc3339(core::Timestamp time);

}  // namespace schemas
