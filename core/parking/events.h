#pragma once

#include <string>

#include "core/command.h"

namespace core::parking {

// A command was decided, but the state could not take what it came to: a fault of ours. Nothing of it happened.
struct CommandParked final {
  CommandId parked;
  Command command;
  std::string reason;  // what the state said
};

// The events behind this one in the group are what it came to.
struct ParkedRetried final {
  CommandId parked;
  std::string ordered_by;
  std::string reason;
};

struct ParkedDropped final {
  CommandId parked;
  std::string ordered_by;
  std::string reason;
};

}  // namespace core::parking
