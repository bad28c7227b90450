#include "core/decide.h"

#include "core/batch/rules.h"
#include "core/billing/rules.h"
#include "core/identity/rules.h"
#include "core/imports/rules.h"
#include "core/job_queue/rules.h"
#include "core/ledger/rules.h"
#include "core/parking/rules.h"
#include "core/quote/rules.h"
#include "core/webhook/rules.h"

namespace core {

namespace {

Result<Decision> decide_one(const State& state, const Context&, const CompleteEffect& command) {
  if (state.find<Outstanding>({command.effect}) == nullptr) return Decision{{}, command.effect, true};
  return Decision{{EffectCompleted{command.effect}}, command.effect};
}

Result<void> apply_one(State&, Timestamp, const PartitionOpened&) {
  return {};
}

Result<void> apply_one(State& state, Timestamp, const EffectCompleted& event) {
  state.erase<Outstanding>({event.effect});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const TimerFired& event) {
  state.erase<Timer>({event.due, event.timer});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const BusCommandTaken& event) {
  BusCursor cursor;
  cursor.next = Offset(event.offset.value() + 1);
  state.put(std::move(cursor));
  return {};
}

}  // namespace

Result<Decision> decide(const State& state, const Context& context, const Command& command) {
  return std::visit([&](const auto& one) -> Result<Decision> { return decide_one(state, context, one); }, command);
}

Result<void> apply(State& state, Timestamp time, const AggregateKey& aggregate, const Event& event) {
  const Result<void> applied = std::visit(
      [&](const auto& one) -> Result<void> {
        if constexpr (requires { apply_one(state, aggregate, time, one); })
          return apply_one(state, aggregate, time, one);
        else
          return apply_one(state, time, one);
      },
      event);
  if (applied.has_error()) return applied;
  for (Effect& effect : react(event)) {
    std::string id = key_of(effect);
    state.put(Outstanding{std::move(id), aggregate, std::move(effect)});
  }
  return {};
}

std::vector<Effect> react(const Event& event) {
  return std::visit(
      [](const auto& one) -> std::vector<Effect> {
        if constexpr (requires { react_one(one); })
          return react_one(one);
        else
          return {};  // most events ask for nothing
      },
      event);
}

}  // namespace core
