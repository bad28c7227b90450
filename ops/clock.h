// The time of day, in the core's resolution.
#pragma once

#include <chrono>

#include "core/time.h"

namespace ops {

inline core::Timestamp now() {
  return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
}

}  // namespace ops
