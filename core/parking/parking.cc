#include "core/parking/rules.h"

namespace core::parking {

namespace {

Result<const Parked*> find_parked(const State& state, const CommandId& id) {
  const Parked* parked = state.find<Parked>({id});
  if (parked == nullptr)
    return Error{ErrorCode::not_found, "no such command is parked; it may have been retried or dropped already"};
  return parked;
}

template <class Event>
Result<void> resolve(State& state, const Event& event) {
  if (state.find<Parked>({event.parked}) == nullptr)
    return Error{ErrorCode::malformed_event, "a command that is not parked was taken up"};
  state.erase<Parked>({event.parked});
  return {};
}

}  // namespace

bool parkable(const Command& command) {
  return !std::holds_alternative<RetryParked>(command) && !std::holds_alternative<DropParked>(command);
}

Result<Decision> decide_one(const State& state, const Context& context, const RetryParked& command) {
  const Result<const Parked*> parked = find_parked(state, command.parked);
  if (parked.has_error()) return parked.error();
  Result<Decision> decision = decide(state, context, (*parked)->command);
  if (decision.has_error()) return decision;
  decision->events.insert(decision->events.begin(), ParkedRetried{command.parked, command.ordered_by, command.reason});
  return decision;
}

Result<Decision> decide_one(const State& state, const Context&, const DropParked& command) {
  const Result<const Parked*> parked = find_parked(state, command.parked);
  if (parked.has_error()) return parked.error();
  return Decision{{ParkedDropped{command.parked, command.ordered_by, command.reason}}, command.parked.value()};
}

Result<void> apply_one(State& state, const AggregateKey& aggregate, Timestamp time, const CommandParked& event) {
  state.put(Parked{event.parked, aggregate, event.command, event.reason, time});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const ParkedRetried& event) {
  return resolve(state, event);
}

Result<void> apply_one(State& state, Timestamp, const ParkedDropped& event) {
  return resolve(state, event);
}

}  // namespace core::parking
