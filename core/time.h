// Log time: it enters with commands; nothing in core reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace core {

using Duration = std::chrono::microseconds;

// Microseconds since 1970-01-01T00:00:00Z.
using Timestamp = std::chrono::sys_time<Duration>;

}  // namespace core
