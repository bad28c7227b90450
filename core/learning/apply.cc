#include <algorithm>

#include "core/learning/rules.h"

namespace core::learning {

namespace {

LaneDay day_of(const State& state, Timestamp time, const ProviderId& provider, const ModelSlug& model, Mode mode,
               Operation operation) {
  LaneDay day;
  day.day = std::chrono::floor<std::chrono::days>(time);
  day.provider = provider;
  day.model = model;
  day.mode = mode;
  day.operation = operation;
  const LaneDay* known = state.find<LaneDay>(day.key());
  return known == nullptr ? day : *known;
}

template <class Change>
void change_judgements(State& state, const batch::Batch& batch, Change change) {
  for (const batch::LaneShare& share : batch.shares) {
    if (share.succeeded == 0) continue;
    Judgement judgement;
    judgement.org = batch.org;
    judgement.operation = share.operation;
    judgement.provider = share.provider;
    judgement.model = share.model;
    if (const Judgement* known = state.find<Judgement>(judgement.key())) judgement = *known;
    change(judgement, share.succeeded);
    state.put(std::move(judgement));
  }
}

}  // namespace

void observe(State& state, Timestamp time, Operation operation, const batch::AttemptRecord& attempt) {
  const batch::AttemptOutcomes& outcomes = attempt.outcomes;
  if (outcomes.asked == 0) return;
  LaneDay day = day_of(state, time, attempt.provider, attempt.model, attempt.mode, operation);
  day.succeeded += outcomes.succeeded;
  day.item_faults += outcomes.item_faults;
  day.lane_faults += outcomes.lane_faults;
  day.invalid += outcomes.invalid;
  ++day.attempts;
  day.took += outcomes.took;
  state.put(std::move(day));
}

void settle(State& state, Timestamp time, const batch::LaneShare& share) {
  LaneDay day = day_of(state, time, share.provider, share.model, share.mode, share.operation);
  day.items_settled += share.succeeded;
  day.input_tokens += share.input_tokens;
  day.output_tokens += share.output_tokens;
  day.charged = day.charged + share.charged;
  state.put(std::move(day));
}

void judge(State& state, const batch::Batch& batch, std::uint32_t permille) {
  change_judgements(state, batch, [permille](Judgement& judgement, std::uint64_t items) {
    judgement.items += items;
    judgement.permille_sum += items * permille;
  });
}

void forget(State& state, const batch::Batch& batch, std::uint32_t permille) {
  change_judgements(state, batch, [permille](Judgement& judgement, std::uint64_t items) {
    judgement.items -= items;
    judgement.permille_sum -= items * permille;
  });
}

}  // namespace core::learning
