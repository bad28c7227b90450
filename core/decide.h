// The three pure functions that everything turns on.
#pragma once

#include <string>
#include <vector>

#include "core/command.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/policy.h"
#include "core/result.h"
#include "core/state.h"

namespace core {

// What a command came to.
struct Decision {
  Events events;
  std::string subject;    // id of what the command was about, where the caller cannot know it
  bool replayed = false;  // the command had been carried out before; nothing happened now
};

struct Context {
  const Policy& policy;
  Timestamp now;  // log time
};

// Command -> events, or why not. Changes nothing: every check comes first, and after them nothing can fail.
Result<Decision> decide(const State& state, const Context& context, const Command& command);

// Event -> next state; live traffic and recovery alike. An event that the state cannot take is a fault in the log:
// malformed_event, and the partition halts.
Result<void> apply(State& state, Timestamp time, const AggregateKey& aggregate, const Event& event);

// Event -> what must be done outside. apply() keeps each as an Outstanding row until it is reported done.
std::vector<Effect> react(const Event& event);

}  // namespace core
