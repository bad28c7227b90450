// The way to a partition, wherever it lives.
#pragma once

#include <functional>
#include <string>

#include "core/command.h"
#include "core/result.h"

namespace processors {

// What a command came to, once it is durable.
struct Answer {
  std::string subject;
  bool replayed = false;
  core::Timestamp time;  // log time of the decision
};
using Answered = std::function<void(core::Result<Answer>)>;

// Threading: any thread. `answered` is called once, from any thread.
class CommandBus {
 public:
  virtual ~CommandBus() = default;
  virtual void submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) = 0;
};

}  // namespace processors
