// Given events, when a command, then events or a refusal.
#pragma once

#include <optional>
#include <tuple>

#include "core/decide.h"
#include "core/invariant.h"
#include "core/testing/memory_state.h"

namespace core::testing {

// Whether these are events of exactly these kinds, in this order.
template <class... Kinds>
bool are(const Events& events) {
  if (events.size() != sizeof...(Kinds)) return false;
  std::size_t i = 0;
  return (std::holds_alternative<Kinds>(events[i++]) && ...);
}

// The only event of its kind.
template <class Kind>
const Kind& the(const Events& events) {
  const Kind* only = nullptr;
  for (const Event& event : events) {
    const Kind* one = std::get_if<Kind>(&event);
    if (one == nullptr) continue;
    INVARIANT(only == nullptr);
    only = one;
  }
  INVARIANT(only != nullptr);
  return *only;
}

// One org's partition at a time that stands still until it is moved.
class Scenario {
 public:
  explicit Scenario(OrgId org) : aggregate_(aggregate_of(org)) {}

  Policy policy;
  Timestamp now = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
  MemoryState state;

  // Events that stand in the log: the fold must take them.
  Scenario& given(const Events& events) {
    for (const Event& event : events) INVARIANT(folds(event));
    return *this;
  }
  bool folds(const Event& event) { return apply(state, now, aggregate_, event).has_value(); }

  // Only decides.
  Result<Decision> when(const Command& command) const { return decide(state, Context{policy, now}, command); }

  std::optional<ErrorCode> refusal(const Command& command) const {
    const Result<Decision> decision = when(command);
    return decision.has_error() ? std::optional(decision.error().code) : std::nullopt;
  }

  // Decides, and folds what was decided.
  Decision carry_out(const Command& command) {
    Result<Decision> decision = when(command);
    INVARIANT(decision.has_value());
    given(decision->events);
    return std::move(*decision);
  }

  template <class Row>
  const Row& row(const typename Row::Key& key) const {
    const Row* found = state.find<Row>(key);
    INVARIANT(found != nullptr);
    return *found;
  }

  // Commands whose timers are due by now, earliest first.
  std::vector<Command> due() const {
    std::vector<Command> commands;
    for (const auto& [key, timer] : state.all<Timer>()) {
      if (timer.due <= now) commands.push_back(timer.command);
    }
    return commands;
  }

  bool outstanding(const std::string& effect) const { return state.find<Outstanding>({effect}) != nullptr; }

 private:
  AggregateKey aggregate_;
};

}  // namespace core::testing
