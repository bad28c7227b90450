#include <algorithm>

#include "core/batch/rules.h"
#include "core/learning/rules.h"
#include "core/mutant.h"

namespace core::batch {

namespace {

Error impossible(const std::string& what) {
  return {ErrorCode::malformed_event, what};
}

void put(State& state, Batch batch) {
  ++batch.version;
  state.put(std::move(batch));
}

Result<Batch> find_batch(const State& state, const OrgId& org, const BatchId& id) {
  const Batch* batch = state.find<Batch>({org, id});
  if (batch == nullptr) return impossible("an event of an unknown batch");
  return *batch;
}

Result<Unit> find_unit(const State& state, const OrgId& org, const BatchId& batch, UnitIndex index) {
  const Unit* unit = state.find<Unit>({org, batch, index});
  if (unit == nullptr || unit->phase == UnitPhase::closed) return impossible("an event of a unit that is not open");
  return *unit;
}

// Takes the batch to a phase, unless it is there or beyond.
void advance(Batch& batch, Phase to) {
  if (batch.phase < to && may_follow(batch.phase, to)) batch.phase = to;
}

std::string end_reason(StopReason stop) {
  switch (stop) {
    case StopReason::none: return "finished";
    case StopReason::cancelled: return "cancelled";
    case StopReason::expired: return "expired";
  }
  return "";
}

// The newest attempt of the unit is over.
void end_attempt(State& state, Timestamp time, const Batch& batch, Unit& unit, std::string reason,
                 const AttemptOutcomes& outcomes) {
  if (unit.attempts.empty() || unit.attempts.back().ended_at) return;
  AttemptRecord& attempt = unit.attempts.back();
  attempt.ended_at = time;
  attempt.end_reason = std::move(reason);
  attempt.outcomes = outcomes;
  learning::observe(state, time, batch.org, batch.plan.routes[unit.route].operation, attempt);
}

void count_open_batches(State& state, const OrgId& id, int change) {
  const identity::Org* found = state.find<identity::Org>({id});
  if (found == nullptr) return;
  identity::Org org = *found;
  org.open_batches += static_cast<std::uint32_t>(change);
  state.put(std::move(org));
}

// A unit's newest progress takes the place of the one before, in the unit and in the batch's sum.
template <class Report>
Result<void> take_progress(State& state, const Report& report) {
  Result<Batch> batch = find_batch(state, report.org, report.batch);
  if (batch.has_error()) return batch.error();
  Result<Unit> unit = find_unit(state, report.org, report.batch, report.unit);
  if (unit.has_error()) return unit.error();
  if (report.progress.tally.total() > 0) advance(*batch, Phase::processing);
  batch->open -= unit->progress;
  batch->open += report.progress;
  unit->progress = report.progress;
  unit->epoch = report.epoch;
  put(state, std::move(*batch));
  state.put(std::move(*unit));
  return {};
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const BatchAccepted& event) {
  if (state.find<Batch>({event.org, event.batch}) != nullptr) return impossible("a batch accepted twice");
  Batch batch;
  batch.org = event.org;
  batch.id = event.batch;
  batch.quote = event.quote;
  batch.terms = event.terms;
  batch.plan = event.plan;
  batch.webhook = event.webhook;
  batch.retry_of = event.retry_of;
  batch.created_at = time;
  batch.deadline = event.deadline;
  batch.workflow = event.workflow;
  put(state, std::move(batch));
  count_open_batches(state, event.org, 1);
  if (event.idempotency && !MUTANT(20))
    state.put(Submission{event.org, event.idempotency->key, event.idempotency->fingerprint, event.batch});
  if (event.terms.run_after && *event.terms.run_after > time)
    state.put(Timer{*event.terms.run_after, "release/" + event.batch.value(), aggregate_of(event.org),
                    ReleaseBatch{event.org, event.batch}});
  state.put(Timer{event.deadline, "deadline/" + event.batch.value(), aggregate_of(event.org),
                  ExpireBatch{event.org, event.batch}});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const BatchQueued& event) {
  Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  if (!may_follow(batch->phase, Phase::queued)) return impossible("a batch queued twice");
  batch->phase = Phase::queued;
  put(state, std::move(*batch));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const UnitsPlanned& event) {
  Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  if (event.first != batch->units_planned || event.first + event.units.size() > batch->plan.unit_count)
    return impossible("units planned out of order");
  for (const PlannedUnit& planned : event.units) {
    if (planned.route >= batch->plan.routes.size()) return impossible("a unit with an unknown route");
    Unit unit;
    unit.org = event.org;
    unit.batch = event.batch;
    unit.index = UnitIndex(batch->units_planned++);
    unit.blob = planned.blob;
    unit.route = planned.route;
    unit.item_count = planned.item_count;
    unit.quoted = planned.quoted;
    state.put(std::move(unit));
  }
  advance(*batch, Phase::routing);
  if (batch->units_planned == batch->plan.unit_count)
    state.erase<Outstanding>({key_of(PlanBatch{event.org, event.batch})});
  put(state, std::move(*batch));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const UnitDispatched& event) {
  Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  Result<Unit> unit = find_unit(state, event.org, event.batch, event.unit);
  if (unit.has_error()) return unit.error();
  if (event.attempt.value() != unit->attempt.value() + 1) return impossible("attempts out of order");
  unit->phase = UnitPhase::dispatched;
  unit->attempt = event.attempt;
  unit->epoch = event.epoch;
  unit->handle.clear();
  unit->dispatched_at = time;
  if (unit->attempts.size() == attempts_remembered_max) unit->attempts.erase(unit->attempts.begin());
  AttemptRecord attempt;
  attempt.number = event.attempt;
  attempt.provider = event.provider;
  attempt.model = event.model;
  attempt.mode = event.mode;
  attempt.passed = event.passed;
  attempt.began_at = time;
  unit->attempts.push_back(std::move(attempt));
  advance(*batch, Phase::dispatched);
  if (!batch->dispatched_at) batch->dispatched_at = time;
  put(state, std::move(*batch));
  state.put(std::move(*unit));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const HandleRecorded& event) {
  Result<Unit> unit = find_unit(state, event.org, event.batch, event.unit);
  if (unit.has_error()) return unit.error();
  unit->handle = event.handle;
  if (!unit->attempts.empty()) unit->attempts.back().handle = event.handle;
  state.put(ProviderBatch{event.handle, event.org, event.batch, event.unit, event.attempt});
  state.put(std::move(*unit));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const UnitProgressed& event) {
  return take_progress(state, event);
}

Result<void> apply_one(State& state, Timestamp time, const AttemptEnded& event) {
  if (auto taken = take_progress(state, event); taken.has_error()) return taken;
  Unit unit = *state.find<Unit>({event.org, event.batch, event.unit});
  unit.phase = UnitPhase::planned;
  if (event.excused) ++unit.excused;
  end_attempt(state, time, *state.find<Batch>({event.org, event.batch}), unit, event.reason, event.outcomes);
  state.put(std::move(unit));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const UnitClosed& event) {
  if (auto taken = take_progress(state, event); taken.has_error()) return taken;
  Unit unit = *state.find<Unit>({event.org, event.batch, event.unit});
  Batch batch = *state.find<Batch>({event.org, event.batch});
  unit.phase = UnitPhase::closed;
  end_attempt(state, time, batch, unit, end_reason(batch.stop), event.outcomes);
  batch.open -= event.progress;
  batch.closed += event.progress;
  for (const LaneShare& share : shares_of(batch.plan.routes[unit.route], event.progress, event.shares)) {
    add_share(batch.shares, share);
    learning::settle(state, time, batch, batch.plan.routes[unit.route], share);
  }
  ++batch.units_closed;
  if (batch.units_closed == batch.plan.unit_count) advance(batch, Phase::completing);
  state.erase<Outstanding>({key_of(RunUnit{event.org, event.batch, event.unit})});
  state.put(std::move(unit));
  put(state, std::move(batch));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const FeedbackRecorded& event) {
  const Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  if (const Feedback* earlier = state.find<Feedback>({event.org, event.batch}))
    learning::forget(state, *batch, earlier->quality_permille);
  learning::judge(state, *batch, event.quality_permille);
  state.put(Feedback{event.org, event.batch, event.quality_permille, event.outcome, event.note, time});
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const StopRequested& event) {
  Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  batch->stop = event.reason;
  batch->stop_requested_at = time;
  put(state, std::move(*batch));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const BatchEnded& event) {
  Result<Batch> batch = find_batch(state, event.org, event.batch);
  if (batch.has_error()) return batch.error();
  if (batch->units_closed != batch->plan.unit_count || !may_follow(batch->phase, event.phase))
    return impossible("a batch that ended before its units did");
  batch->phase = event.phase;
  batch->ended_at = time;
  put(state, std::move(*batch));
  count_open_batches(state, event.org, -1);
  return {};
}

}  // namespace core::batch
