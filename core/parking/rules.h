#pragma once

#include "core/decide.h"

namespace core::parking {

Result<Decision> decide_one(const State& state, const Context& context, const RetryParked& command);
Result<Decision> decide_one(const State& state, const Context& context, const DropParked& command);

Result<void> apply_one(State& state, const AggregateKey& aggregate, Timestamp time, const CommandParked& event);
Result<void> apply_one(State& state, Timestamp time, const ParkedRetried& event);
Result<void> apply_one(State& state, Timestamp time, const ParkedDropped& event);

// Whether a command is parked when the state cannot take it. Those about parked ones are not: they stay as they are.
bool parkable(const Command& command);

}  // namespace core::parking
