#pragma once

#include <string>

#include "core/ids.h"

namespace core::parking {

// Carries a parked command out after all.
struct RetryParked {
  CommandId parked;
  std::string ordered_by;  // the operator
  std::string reason;
};

// Gives a parked command up.
struct DropParked {
  CommandId parked;
  std::string ordered_by;
  std::string reason;
};

}  // namespace core::parking
