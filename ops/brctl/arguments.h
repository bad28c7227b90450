// Words of the command line that several subcommands take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace ops::brctl {

// "3/1234", or with an event in the record "3/1234.0".
struct LogPlace {
  core::Partition partition;
  core::Offset offset;
  std::optional<std::uint32_t> event = {};
};
std::string to_string(const LogPlace& place);

// Nothing when it is no such place.
std::optional<LogPlace> parse_place(std::string_view text);

// A time in RFC 3339, a day such as 2026-11-22 (its beginning in UTC), or so long before `now`: 90s, 15m, 2h, 7d.
// Errors: invalid_request.
core::Result<core::Timestamp> parse_time(std::string_view text, core::Timestamp now);

}  // namespace ops::brctl
