#pragma once

#include <string>
#include <tuple>

#include "core/command.h"

namespace core::parking {

// A command that waits for an operator.
struct Parked {
  using Key = std::tuple<CommandId>;
  Key key() const { return {id}; }

  CommandId id;
  AggregateKey aggregate;
  Command command;
  std::string reason;
  Timestamp parked_at;
};

}  // namespace core::parking
