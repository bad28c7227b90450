#include <algorithm>
#include <map>

#include "core/batch/rules.h"
#include "core/identity/rules.h"
#include "core/job_queue/rules.h"
#include "core/ledger/rules.h"
#include "core/mutant.h"
#include "core/quote/rules.h"
#include "core/webhook/rules.h"

namespace core::batch {

namespace {

Error batch_not_found() {
  return {ErrorCode::batch_not_found, "there is no such batch; list them with GET /v1/batches"};
}
Error stale(const char* what) {
  return {ErrorCode::stale_report, what};
}

Result<Timestamp> deadline_of(const quote::Terms& terms, Timestamp now) {
  const Timestamp begin = terms.run_after ? std::max(now, *terms.run_after) : now;
  const Timestamp promised = begin + sla_window(terms.sla_tier);
  const Timestamp deadline = terms.deadline ? std::min(promised, *terms.deadline) : promised;
  if (deadline <= begin)
    return Error{ErrorCode::invalid_manifest,
                 "the deadline has passed or lies before run_after; quote again with a later one", "deadline"};
  return deadline;
}

// An estimate locked a ceiling per item for at most so many items of its models.
Result<void> check_within_estimate(const quote::Quote& quote, const quote::Plan& plan) {
  const quote::Estimate& estimate = quote.estimate;
  if (plan.item_count > estimate.items_max)
    return Error{ErrorCode::quote_exceeded,
                 "the quote is for at most " + std::to_string(estimate.items_max) + " items and the manifest has " +
                     std::to_string(plan.item_count) + "; quote more items, or the manifest itself",
                 "items"};
  for (const quote::Route& route : plan.routes) {
    if (std::find(estimate.models.begin(), estimate.models.end(), route.model) == estimate.models.end())
      return Error{ErrorCode::quote_exceeded,
                   "the quote does not cover the model " + route.model.value() + "; quote the manifest itself",
                   "items"};
  }
  const std::optional<Money> ceiling = checked_multiply(estimate.item_ceiling, plan.item_count);
  if (!ceiling || plan.total > *ceiling)
    return Error{ErrorCode::quote_exceeded,
                 "the items come to " + to_decimal(plan.total) + " USD, more than the quoted ceiling of " +
                     to_decimal(estimate.item_ceiling) + " USD an item; quote the manifest itself",
                 "items"};
  return {};
}

struct OpenUnit {
  const Batch* batch;
  const Unit* unit;
};

// The unit that a run reports on, if it is not closed. Errors: stale_report.
template <class Report>
Result<OpenUnit> find_open_unit(const State& state, const Report& report) {
  const Batch* batch = state.find<Batch>({report.org, report.batch});
  const Unit* unit = state.find<Unit>({report.org, report.batch, report.unit});
  if (batch == nullptr || unit == nullptr) return stale("this unit does not exist");
  if (unit->phase == UnitPhase::closed) return stale("this unit is closed");
  if (report.epoch < unit->epoch && !MUTANT(15)) return stale("this unit runs for a newer owner");
  return OpenUnit{batch, unit};
}

template <class Report>
Result<OpenUnit> find_current_attempt(const State& state, const Report& report) {
  Result<OpenUnit> open = find_open_unit(state, report);
  if (open.has_error()) return open;
  const bool current = open->unit->phase == UnitPhase::dispatched && open->unit->attempt == report.attempt;
  if (!current && !MUTANT(15)) return stale("this attempt is not the unit's newest");
  return open;
}

// What a runner reports must fit its unit. Errors: internal, amount_out_of_range.
Result<void> check_within_unit(const Unit& unit, const Progress& progress) {
  if (progress.tally.total() > unit.item_count)
    return Error{ErrorCode::internal, "a unit cannot have more rows than items"};
  const bool above = progress.charged > unit.quoted && !MUTANT(11);
  if (progress.charged < Money{} || above || progress.provider_cost < Money{})
    return Error{ErrorCode::amount_out_of_range, "a unit cannot be charged above its quote or below zero"};
  return {};
}

// A batch fails only when no item succeeded and a retry cannot help.
Phase end_of(StopReason stop, const Tally& tally) {
  switch (stop) {
    case StopReason::cancelled:
      if (tally.cancelled > 0) return Phase::cancelled;
      break;
    case StopReason::expired:
      if (tally.expired > 0) return Phase::expired;
      break;
    case StopReason::none: break;
  }
  return tally.succeeded == 0 && tally.exhausted == 0 ? Phase::failed : Phase::completed;
}

// What runners report of their lanes must add up to what they report of the unit.
Result<void> check_shares(const LaneShares& shares, const Progress& progress) {
  LaneShare sum;
  for (const LaneShare& share : shares) {
    sum.succeeded += share.succeeded;
    sum.charged = sum.charged + share.charged;
    sum.provider_cost = sum.provider_cost + share.provider_cost;
  }
  if (sum.succeeded != progress.tally.succeeded || sum.charged != progress.charged ||
      sum.provider_cost != progress.provider_cost)
    return Error{ErrorCode::internal, "the shares of a unit's lanes do not add up to the unit"};
  return {};
}

Result<Events> end_batch(const State& state, const Batch& batch, const Progress& total, const LaneShares& shares) {
  const Money charged = MUTANT(4) ? Money::from_nanos(total.charged.nanos() / 1'000 * 1'000) : total.charged;
  Result<Events> events = ledger::settle(state, batch.org, batch.id, charged);
  if (events.has_error()) return events.error();

  std::map<ProviderId, Money> costs;
  for (const LaneShare& share : shares) costs[share.provider] = costs[share.provider] + share.provider_cost;
  for (const auto& [provider, cost] : costs) {
    if (cost > Money{}) events->push_back(ledger::provider_charge(batch.org, batch.id, provider, cost));
  }

  const ledger::Reservation* reservation = state.find<ledger::Reservation>({batch.org, batch.id});
  const Money open = reservation == nullptr ? Money{} : reservation->open();
  const Phase phase = end_of(batch.stop, total.tally);
  events->push_back(BatchEnded{batch.org, batch.id, phase, total.tally, total.charged, open - total.charged});
  if (batch.webhook) events->push_back(webhook::schedule(batch, phase));
  if (const auto jobs = job_queue::ready(state, batch.org, batch.id)) events->push_back(*jobs);
  return events;
}

Result<Decision> request_stop(const State& state, const OrgId& org, const BatchId& id, StopReason reason) {
  const Batch* batch = state.find<Batch>({org, id});
  if (batch == nullptr) return batch_not_found();
  const bool over = terminal(batch->phase) && !MUTANT(13);
  if (over || batch->stop != StopReason::none) return Decision{{}, id.value(), true};
  Decision decision{{StopRequested{org, id, reason}}, id.value()};
  if (batch->phase == Phase::pending && !MUTANT(12))
    decision.events.push_back(BatchQueued{org, id});  // so that its units close
  return decision;
}

}  // namespace

Result<Decision> decide_one(const State& state, const Context& context, const SubmitBatch& command) {
  if (command.idempotency) {
    if (const Submission* first = state.find<Submission>({command.org, command.idempotency->key})) {
      if (first->fingerprint != command.idempotency->fingerprint)
        return Error{ErrorCode::idempotency_conflict,
                     "this Idempotency-Key was used with another request; use a new key for a new request",
                     "Idempotency-Key"};
      return Decision{{}, first->batch.value(), true};
    }
  }
  if (const Batch* batch = state.find<Batch>({command.org, command.batch})) {
    if (batch->quote != command.quote)
      return Error{ErrorCode::idempotency_conflict, "this batch id was used with another quote", "quote_id"};
    return Decision{{}, command.batch.value(), true};
  }
  if (identity::erased(state, command.org)) return identity::no_such_org();
  const Result<const quote::Quote*> found = quote::find_open(state, context.now, command.org, command.quote);
  if (found.has_error()) return found.error();
  const quote::Quote& quote = **found;

  BatchAccepted accepted;
  accepted.org = command.org;
  accepted.batch = command.batch;
  accepted.quote = command.quote;
  accepted.terms = quote.terms;
  accepted.plan = quote.plan;
  accepted.webhook = command.webhook ? command.webhook : quote.webhook;
  accepted.idempotency = command.idempotency;
  accepted.retry_of = command.retry_of;
  accepted.workflow = quote.workflow;
  switch (quote.basis) {
    case quote::Basis::manifest:
      if (command.content && *command.content != quote.plan.content)
        return Error{
            ErrorCode::quote_mismatch,
            "the manifest is not the one that was quoted; send it unchanged, or only the quote_id, or quote again",
            "quote_id"};
      break;
    case quote::Basis::estimate: {
      if (!command.plan || !command.terms)
        return Error{ErrorCode::quote_mismatch, "this quote is an estimate without items; send the manifest with it",
                     "items"};
      if (auto within = check_within_estimate(quote, *command.plan); within.has_error()) return within.error();
      accepted.plan = *command.plan;
      accepted.terms = *command.terms;
      break;
    }
  }
  if (MUTANT(6)) accepted.plan.total = accepted.plan.total + accepted.plan.total;
  const Result<Timestamp> deadline = deadline_of(accepted.terms, context.now);
  if (deadline.has_error()) return deadline.error();
  accepted.deadline = *deadline;

  Events events{quote::QuoteConsumed{command.org, command.quote, command.batch}};
  const bool waits = accepted.terms.run_after && *accepted.terms.run_after > context.now;
  if (accepted.plan.total > Money{} && !(waits && MUTANT(9))) {
    Result<ledger::TransferPosted> reserved = ledger::reserve(state, command.org, command.batch, accepted.plan.total);
    if (reserved.has_error()) return reserved.error();
    events.push_back(std::move(*reserved));
  }
  events.push_back(std::move(accepted));
  if (!waits) events.push_back(BatchQueued{command.org, command.batch});
  return Decision{std::move(events), command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const ReleaseBatch& command) {
  const Batch* batch = state.find<Batch>({command.org, command.batch});
  const bool forgotten = MUTANT(12) && batch != nullptr && batch->stop != StopReason::none;
  if (batch == nullptr || batch->phase != Phase::pending || forgotten) return Decision{{}, command.batch.value(), true};
  return Decision{{BatchQueued{command.org, command.batch}}, command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const PlanUnits& command) {
  const Batch* batch = state.find<Batch>({command.org, command.batch});
  if (batch == nullptr) return stale("this batch does not exist");
  if (command.first != batch->units_planned) return stale("these units are planned already");
  if (command.units.empty() || command.units.size() > units_per_plan_command_max ||
      command.first + command.units.size() > batch->plan.unit_count)
    return Error{ErrorCode::internal, "a plan with more units than the batch has"};
  for (const PlannedUnit& unit : command.units) {
    if (unit.route >= batch->plan.routes.size())
      return Error{ErrorCode::internal, "a plan with a route that the batch does not have"};
  }
  return Decision{{UnitsPlanned{command.org, command.batch, command.first, command.units}}, command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const DispatchUnit& command) {
  const Result<OpenUnit> open = find_open_unit(state, command);
  if (open.has_error()) return open.error();
  const bool stops = open->batch->stop != StopReason::none || open->batch->deadline <= context.now;
  if (stops && !MUTANT(19)) return stale("the batch is being stopped");
  if (command.attempt.value() != open->unit->attempt.value() + 1) return stale("this attempt was made already");
  if (command.attempt.value() - open->unit->excused > context.policy.unit_attempts_max)
    return stale("the unit's attempts are used up");
  const std::vector<quote::RouteLane> lanes = quote::lanes_of(open->batch->plan.routes[open->unit->route]);
  if (command.lane >= lanes.size()) return Error{ErrorCode::internal, "a unit can only go to a lane of its route"};
  const quote::RouteLane& lane = lanes[command.lane];
  return Decision{{UnitDispatched{command.org, command.batch, command.unit, command.attempt, lane.provider, lane.model,
                                  lane.mode, command.epoch, command.passed}},
                  command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const RecordHandle& command) {
  const Result<OpenUnit> open = find_current_attempt(state, command);
  if (open.has_error()) return open.error();
  return Decision{{HandleRecorded{command.org, command.batch, command.unit, command.attempt, command.handle}},
                  command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const ReportProgress& command) {
  const Result<OpenUnit> open = find_current_attempt(state, command);
  if (open.has_error()) return open.error();
  if (command.progress.tally.total() < open->unit->progress.tally.total()) return stale("progress never goes back");
  if (auto checked = check_within_unit(*open->unit, command.progress); checked.has_error()) return checked.error();
  return Decision{
      {UnitProgressed{command.org, command.batch, command.unit, command.attempt, command.progress, command.epoch}},
      command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const EndAttempt& command) {
  const Result<OpenUnit> open = find_current_attempt(state, command);
  if (open.has_error()) return open.error();
  if (auto checked = check_within_unit(*open->unit, command.progress); checked.has_error()) return checked.error();
  return Decision{{AttemptEnded{command.org, command.batch, command.unit, command.attempt, command.reason,
                                command.progress, command.epoch, command.outcomes, command.excused}},
                  command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const CloseUnit& command) {
  const Result<OpenUnit> open = find_open_unit(state, command);
  if (open.has_error()) return open.error();
  const Batch& batch = *open->batch;
  const Unit& unit = *open->unit;
  if (command.progress.tally.total() != unit.item_count)
    return Error{ErrorCode::internal, "a unit closes when each of its items has one row, not before"};
  if (auto checked = check_within_unit(unit, command.progress); checked.has_error()) return checked.error();

  const LaneShares shares = shares_of(batch.plan.routes[unit.route], command.progress, command.shares);
  if (auto checked = check_shares(shares, command.progress); checked.has_error()) return checked.error();

  Events events{
      UnitClosed{command.org, command.batch, command.unit, command.progress, command.epoch, shares, command.outcomes}};
  if (batch.units_closed + 1 == batch.plan.unit_count) {
    Progress total = batch.closed;
    total += command.progress;
    LaneShares all = batch.shares;
    for (const LaneShare& share : shares) add_share(all, share);
    Result<Events> ending = end_batch(state, batch, total, all);
    if (ending.has_error()) return ending.error();
    std::move(ending->begin(), ending->end(), std::back_inserter(events));
  }
  return Decision{std::move(events), command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const RecordFeedback& command) {
  const Batch* batch = state.find<Batch>({command.org, command.batch});
  if (batch == nullptr) return batch_not_found();
  if (!terminal(batch->phase))
    return Error{ErrorCode::batch_not_finished, "feedback is about results; give it when the batch has ended"};
  if (command.quality_permille > 1'000)
    return Error{ErrorCode::invalid_request, "quality_score must lie between 0 and 1", "quality_score"};
  return Decision{
      {FeedbackRecorded{command.org, command.batch, command.quality_permille, command.outcome, command.note}},
      command.batch.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const CancelBatch& command) {
  const Batch* batch = state.find<Batch>({command.org, command.batch});
  if (batch != nullptr && terminal(batch->phase) && batch->phase != Phase::cancelled)
    return Error{ErrorCode::batch_already_finished,
                 "this batch has ended as " + std::string(to_string(batch->phase)) + "; there is nothing to cancel"};
  return request_stop(state, command.org, command.batch, StopReason::cancelled);
}

Result<Decision> decide_one(const State& state, const Context&, const ExpireBatch& command) {
  return request_stop(state, command.org, command.batch, StopReason::expired);
}

}  // namespace core::batch
