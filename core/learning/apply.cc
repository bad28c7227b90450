#include <algorithm>

#include "core/learning/rules.h"
#include "core/pricing.h"

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

ServedDay served_day(const State& state, Timestamp time, const OrgId& org, const ProviderId& provider,
                     const ModelSlug& model, Mode mode, Operation operation) {
  ServedDay day;
  day.org = org;
  day.day = std::chrono::floor<std::chrono::days>(time);
  day.provider = provider;
  day.model = model;
  day.mode = mode;
  day.operation = operation;
  const ServedDay* known = state.find<ServedDay>(day.key());
  return known == nullptr ? day : *known;
}

void settle_for_org(State& state, Timestamp time, const OrgId& org, const quote::Route& route,
                    const batch::LaneShare& share) {
  ServedDay day = served_day(state, time, org, share.provider, share.model, share.mode, share.operation);
  const std::uint64_t items = std::uint64_t{share.succeeded} + share.failed;
  const bool as_quoted = share.provider == route.provider && share.model == route.model && share.mode == route.mode;
  day.succeeded += share.succeeded;
  day.failed += share.failed;
  if (!as_quoted) day.fallbacks += items;
  day.input_tokens += share.input_tokens;
  day.output_tokens += share.output_tokens;
  day.charged = day.charged + share.charged;
  // An old route has no list prices, and what does not fit counts for nothing: it is a measure, not a bill.
  const std::optional<Money> list =
      price_tokens(route.list_prices, share.input_tokens, share.cached_tokens, share.output_tokens);
  const std::optional<Money> sum = list ? checked_add(day.list, *list) : std::nullopt;
  if (sum) day.list = *sum;
  state.put(std::move(day));
}

void settle_for_workflow(State& state, Timestamp time, const std::string& workflow, const batch::LaneShare& share) {
  WorkflowDay day;
  day.day = std::chrono::floor<std::chrono::days>(time);
  day.workflow = workflow;
  if (const WorkflowDay* known = state.find<WorkflowDay>(day.key())) day = *known;
  day.items_settled += share.succeeded;
  day.input_tokens += share.input_tokens;
  day.output_tokens += share.output_tokens;
  day.charged = day.charged + share.charged;
  state.put(std::move(day));
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

void observe(State& state, Timestamp time, const OrgId& org, Operation operation, const batch::AttemptRecord& attempt) {
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

  ServedDay served = served_day(state, time, org, attempt.provider, attempt.model, attempt.mode, operation);
  served.asked += outcomes.asked;
  served.invalid += outcomes.invalid;
  served.lane_faults += outcomes.lane_faults;
  state.put(std::move(served));
}

void settle(State& state, Timestamp time, const batch::Batch& batch, const quote::Route& route,
            const batch::LaneShare& share) {
  settle_for_org(state, time, batch.org, route, share);
  if (!batch.workflow.empty()) settle_for_workflow(state, time, batch.workflow, share);

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
