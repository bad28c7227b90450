#include "processors/audit/batches.h"

#include <algorithm>
#include <utility>

namespace processors::audit {

namespace {

constexpr std::int64_t units_max = 1'000'000;  // of a batch, as far as memory is set aside for them at once

std::string quoted(std::string_view what, std::string_view id) {
  return std::string(what) + " " + std::string(id);
}

std::string amount(std::int64_t nanos) {
  return std::to_string(nanos) + " nano-USD";
}

// A batch fails only when no item succeeded and a retry cannot help.
std::string_view phase_of_end(std::string_view stop, const Tally& tally) {
  const auto& [succeeded, failed, exhausted, cancelled, expired] = tally;
  if (stop == "cancelled" && cancelled > 0) return "cancelled";
  if (stop == "expired" && expired > 0) return "expired";
  return succeeded == 0 && exhausted == 0 ? "failed" : "completed";
}

bool exceeds(std::int64_t total, std::int64_t ceiling, std::int64_t count) {
  std::int64_t highest = 0;
  return !__builtin_mul_overflow(ceiling, count, &highest) && total > highest;
}

}  // namespace

void BatchFigures::add(BatchOutcome outcome) {
  captured += outcome.captured;
  provider_cost += outcome.provider_cost;
  if (outcome.margin() >= 0) return;
  ++at_a_loss;
  const auto worse = [](const BatchOutcome& left, const BatchOutcome& right) { return left.margin() < right.margin(); };
  losses.insert(std::upper_bound(losses.begin(), losses.end(), outcome, worse), std::move(outcome));
  if (losses.size() > losses_kept_max) losses.pop_back();
}

void BatchFigures::add(const BatchFigures& other) {
  quotes += other.quotes;
  accepted += other.accepted;
  for (const auto& [phase, count] : other.ended) ended[phase] += count;
  items += other.items;
  const std::int64_t captured_before = captured;
  const std::int64_t cost_before = provider_cost;
  const std::uint64_t losses_before = at_a_loss;
  for (const BatchOutcome& loss : other.losses) add(loss);
  captured = captured_before + other.captured;
  provider_cost = cost_before + other.provider_cost;
  at_a_loss = losses_before + other.at_a_loss;
}

// --- quotes ---------------------------------------------------------------------------------------------------------

void Batches::take(const QuoteLocked& event, const Plan& plan) {
  ++figures_.quotes;
  if (spent_.contains(event.quote) || quotes_.contains(event.quote))
    return reporter_.report(Rule::quote_repeated, quoted("quote", event.quote) + " was locked before");
  if (event.expires_at <= reporter_.time)
    reporter_.report(Rule::quote_expired, quoted("quote", event.quote) + " expires before it is locked");
  Quote quote;
  quote.org = event.org;
  quote.plan = plan;
  quote.estimate = event.basis == "estimate";
  quote.items_max = event.items_max;
  quote.item_ceiling = event.item_ceiling;
  quote.terms = fingerprint(event.terms);
  quote.plan_text = fingerprint(event.plan);
  quote.expires_at = event.expires_at;
  quotes_.emplace(event.quote, std::move(quote));
}

void Batches::take_quote_consumed(const About& event) {
  const auto quote = quotes_.find(event.quote);
  if (quote == quotes_.end() || quote->second.org != event.org)
    return spent_.contains(event.quote)
               ? reporter_.report(Rule::quote_spent, quoted("quote", event.quote) + " was used or had expired before")
               : reporter_.report(Rule::quote_unknown, quoted("quote", event.quote) + " was never locked for this org");
  if (quote->second.expires_at <= reporter_.time)
    reporter_.report(Rule::quote_expired, quoted("quote", event.quote) + " was used after its time");
  spent_.insert(event.quote);
  consumed_.push_back(
      {quote->first, quote->second.org, std::string(event.batch), std::move(quote->second), reporter_.event});
  quotes_.erase(quote);
}

void Batches::take_quote_expired(const About& event) {
  const auto quote = quotes_.find(event.quote);
  if (quote == quotes_.end() || quote->second.org != event.org)
    return spent_.contains(event.quote)
               ? reporter_.report(Rule::quote_spent, quoted("quote", event.quote) + " was used or had expired before")
               : reporter_.report(Rule::quote_unknown, quoted("quote", event.quote) + " was never locked for this org");
  if (quote->second.expires_at > reporter_.time)
    reporter_.report(Rule::quote_early, quoted("quote", event.quote) + " expired before its time");
  spent_.insert(event.quote);
  quotes_.erase(quote);
}

// --- batches --------------------------------------------------------------------------------------------------------

void Batches::take(const BatchAccepted& event, EventReader& reader) {
  ++figures_.accepted;
  if (over_.contains(event.batch) || batches_.contains(event.batch))
    return reporter_.report(Rule::batch_repeated, quoted("batch", event.batch) + " was accepted before");
  const auto consumed = std::find_if(consumed_.begin(), consumed_.end(), [&](const Consumed& each) {
    return each.quote == event.quote && each.batch == event.batch && each.org == event.org && !each.used;
  });
  Batch batch;
  batch.org = event.org;
  batch.webhook = event.webhook;
  batch.deadline = event.deadline;
  if (consumed == consumed_.end()) {
    reporter_.report(Rule::batch_torn, quoted("batch", event.batch) + " was accepted without its quote being consumed");
    if (!reader.read(event.plan, batch.plan)) return;
  } else if (consumed->used = true; consumed->terms.estimate) {
    const Quote& quote = consumed->terms;
    if (!reader.read(event.plan, batch.plan)) return;
    if (batch.plan.item_count > quote.items_max || exceeds(batch.plan.total, quote.item_ceiling, batch.plan.item_count))
      reporter_.report(Rule::quote_changed, quoted("batch", event.batch) + " goes beyond the estimate of its quote");
  } else {
    if (fingerprint(event.plan) != consumed->terms.plan_text || fingerprint(event.terms) != consumed->terms.terms)
      reporter_.report(Rule::quote_changed, quoted("batch", event.batch) + " has a plan or terms other than its quote");
    batch.plan = std::move(consumed->terms.plan);
  }
  if (event.deadline <= reporter_.time)
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " was accepted after its deadline");
  if (batch.plan.total > 0) ledger_.expect("reserve/" + std::string(event.batch), batch.plan.total);
  ledger_.hold(event.org, batch.plan.total);
  batch.units.reserve(static_cast<std::size_t>(std::min(batch.plan.unit_count, units_max)));
  accepted_.emplace_back(event.batch);
  batches_.emplace(event.batch, std::move(batch));
}

Batches::Batch* Batches::find_batch(std::string_view org, std::string_view id) {
  const auto found = batches_.find(id);
  if (found != batches_.end() && found->second.org == org) return &found->second;
  if (over_.contains(id))
    reporter_.report(Rule::batch_over, quoted("batch", id) + " has ended before");
  else
    reporter_.report(Rule::batch_unknown, quoted("batch", id) + " was never accepted for this org");
  return nullptr;
}

void Batches::take_queued(const About& event) {
  Batch* batch = find_batch(event.org, event.batch);
  if (batch == nullptr) return;
  if (std::exchange(batch->queued, true))
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " was queued twice");
}

void Batches::take(const UnitsPlanned& event) {
  Batch* batch = find_batch(event.org, event.batch);
  if (batch == nullptr) return;
  if (!batch->queued)
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " was planned before it was queued");
  if (event.first != static_cast<std::int64_t>(batch->units.size()) ||
      event.first + static_cast<std::int64_t>(event.units.size()) > batch->plan.unit_count)
    return reporter_.report(Rule::units_disordered, quoted("batch", event.batch) + " has " +
                                                        std::to_string(batch->units.size()) + " of " +
                                                        std::to_string(batch->plan.unit_count) + " units; " +
                                                        std::to_string(event.units.size()) + " from " +
                                                        std::to_string(event.first) + " on do not fit");
  for (const PlannedUnit& planned : event.units) {
    Unit& unit = batch->units.emplace_back();
    unit.route = static_cast<std::uint32_t>(planned.route);
    unit.item_count = planned.item_count;
    unit.quoted = planned.quoted;
  }
  if (static_cast<std::int64_t>(batch->units.size()) == batch->plan.unit_count)
    check_units(std::string(event.batch), *batch);
}

// All units are planned: together they are the plan.
void Batches::check_units(const std::string& id, const Batch& batch) {
  std::vector<std::pair<std::int64_t, std::int64_t>> sums(batch.plan.routes.size());  // items, price
  for (const Unit& unit : batch.units) {
    if (unit.route >= sums.size())
      return reporter_.report(Rule::units_disordered, "batch " + id + " has a unit with a route that it does not have");
    sums[unit.route].first += unit.item_count;
    sums[unit.route].second += unit.quoted;
  }
  std::int64_t items = 0;
  std::int64_t price = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    items += sums[i].first;
    price += sums[i].second;
    if (sums[i].first != batch.plan.routes[i].item_count)
      reporter_.report(Rule::items_lost, "batch " + id + " has " + std::to_string(sums[i].first) +
                                             " items in units of "
                                             "route " +
                                             std::to_string(i) + ", and its plan has " +
                                             std::to_string(batch.plan.routes[i].item_count));
  }
  if (items != batch.plan.item_count)
    reporter_.report(Rule::items_lost, "batch " + id + " has " + std::to_string(items) +
                                           " items in its units, and its "
                                           "plan has " +
                                           std::to_string(batch.plan.item_count));
  if (price > batch.plan.total)
    reporter_.report(Rule::charge_above_quote, "the units of batch " + id + " are quoted at " + amount(price) +
                                                   ", above the quote's " + amount(batch.plan.total));
}

// --- units ----------------------------------------------------------------------------------------------------------

Batches::Open Batches::find_unit(const UnitEvent& event) {
  Open open;
  open.batch = find_batch(event.org, event.batch);
  if (open.batch == nullptr) return {};
  if (event.unit >= static_cast<std::int64_t>(open.batch->units.size())) {
    reporter_.report(Rule::unit_unknown, "unit " + std::to_string(event.unit) + " of batch " +
                                             std::string(event.batch) + " was never planned");
    return {};
  }
  open.unit = &open.batch->units[static_cast<std::size_t>(event.unit)];
  if (open.unit->phase == UnitPhase::closed) {
    reporter_.report(Rule::unit_closed_twice, "unit " + std::to_string(event.unit) + " of batch " +
                                                  std::string(event.batch) + " was closed before");
    return {};
  }
  if (event.epoch != 0 || open.unit->epoch != 0) {
    if (event.epoch < open.unit->epoch || event.epoch > reporter_.epoch.value())
      reporter_.report(Rule::run_replaced, "unit " + std::to_string(event.unit) + " of batch " +
                                               std::string(event.batch) + " is reported on by epoch " +
                                               std::to_string(event.epoch) + "; it runs for epoch " +
                                               std::to_string(open.unit->epoch));
  }
  return open;
}

bool Batches::is_current(const Open& open, const UnitEvent& event) {
  if (open.unit->phase == UnitPhase::dispatched && open.unit->attempt == event.attempt) return true;
  reporter_.report(Rule::attempt_disordered, "attempt " + std::to_string(event.attempt) + " of unit " +
                                                 std::to_string(event.unit) + " of batch " + std::string(event.batch) +
                                                 " is not the one that runs");
  return false;
}

void Batches::take_dispatched(const UnitEvent& event) {
  const Open open = find_unit(event);
  if (open.unit == nullptr) return;
  if (!open.batch->stop.empty() || open.batch->deadline <= reporter_.time)
    reporter_.report(Rule::dispatch_too_late,
                     quoted("batch", event.batch) + " was to stop, or its deadline had passed, when a unit went out");
  if (event.attempt != open.unit->attempt + 1)
    reporter_.report(Rule::attempt_disordered, "attempt " + std::to_string(event.attempt) + " of unit " +
                                                   std::to_string(event.unit) + " of batch " +
                                                   std::string(event.batch) + " follows attempt " +
                                                   std::to_string(open.unit->attempt));
  static const Route no_route;
  const auto& routes = open.batch->plan.routes;
  const auto& lanes = (open.unit->route < routes.size() ? routes[open.unit->route] : no_route).lanes;
  if (std::find(lanes.begin(), lanes.end(), lane_print(event.provider, event.model, event.mode)) == lanes.end())
    reporter_.report(Rule::lane_foreign, "a unit of batch " + std::string(event.batch) + " goes to " +
                                             std::string(event.provider) + ", which its quote does not name for it");
  open.unit->phase = UnitPhase::dispatched;
  open.unit->attempt = event.attempt;
  open.unit->epoch = event.epoch;
}

void Batches::take_handle(const UnitEvent& event) {
  UnitEvent without_epoch = event;  // it has none
  without_epoch.epoch = reporter_.epoch.value();
  if (const Open open = find_unit(without_epoch); open.unit != nullptr) is_current(open, event);
}

void Batches::check_progress(Unit& unit, const UnitEvent& event) {
  const Progress& progress = event.progress;
  const std::string name = "unit " + std::to_string(event.unit) + " of batch " + std::string(event.batch);
  if (total_of(progress.tally) > unit.item_count)
    reporter_.report(Rule::items_lost, name + " has " + std::to_string(total_of(progress.tally)) + " items done of " +
                                           std::to_string(unit.item_count));
  if (total_of(progress.tally) < total_of(unit.progress.tally) || progress.charged < unit.progress.charged ||
      progress.provider_cost < unit.progress.provider_cost)
    reporter_.report(Rule::progress_ran_back, name + " was further before");
  if (progress.charged < 0 || progress.charged > unit.quoted || progress.provider_cost < 0)
    reporter_.report(Rule::charge_above_quote, name + " is charged " + amount(progress.charged) + " of a quote of " +
                                                   amount(unit.quoted) + ", at a cost of " +
                                                   amount(progress.provider_cost));
  unit.progress = progress;
  unit.epoch = event.epoch;
}

void Batches::take_progress(const UnitEvent& event) {
  const Open open = find_unit(event);
  if (open.unit != nullptr && is_current(open, event)) check_progress(*open.unit, event);
}

void Batches::take_attempt_ended(const UnitEvent& event) {
  const Open open = find_unit(event);
  if (open.unit == nullptr || !is_current(open, event)) return;
  check_progress(*open.unit, event);
  open.unit->phase = UnitPhase::planned;
}

void Batches::take_closed(const UnitEvent& event) {
  const Open open = find_unit(event);
  if (open.unit == nullptr) return;
  Batch& batch = *open.batch;
  check_progress(*open.unit, event);
  if (total_of(event.progress.tally) != open.unit->item_count)
    reporter_.report(Rule::items_lost, "unit " + std::to_string(event.unit) + " of batch " + std::string(event.batch) +
                                           " is closed with " + std::to_string(total_of(event.progress.tally)) +
                                           " items of " + std::to_string(open.unit->item_count));
  open.unit->phase = UnitPhase::closed;
  for (std::size_t i = 0; i < batch.tally.size(); ++i) batch.tally[i] += event.progress.tally[i];
  batch.charged += event.progress.charged;
  add_costs(batch, *open.unit, event);
  if (++batch.units_closed == batch.plan.unit_count) last_units_.push_back({std::string(event.batch), reporter_.event});
}

// Where the event does not say, its route's best lane did everything: so it was before there were fallbacks.
void Batches::add_costs(Batch& batch, const Unit& unit, const UnitEvent& event) {
  if (event.shares.empty()) {
    if (unit.route < batch.plan.routes.size())
      batch.costs[batch.plan.routes[unit.route].provider] += event.progress.provider_cost;
    return;
  }
  std::int64_t succeeded = 0;
  std::int64_t charged = 0;
  std::int64_t cost = 0;
  for (const LaneShare& share : event.shares) {
    succeeded += share.succeeded;
    charged += share.charged;
    cost += share.provider_cost;
    batch.costs.try_emplace(std::string(share.provider)).first->second += share.provider_cost;
  }
  if (succeeded == event.progress.tally[0] && charged == event.progress.charged && cost == event.progress.provider_cost)
    return;
  reporter_.report(Rule::shares_mismatch, "what the lanes of unit " + std::to_string(event.unit) + " of batch " +
                                              std::string(event.batch) + " did is not what the unit came to");
}

// --- the end --------------------------------------------------------------------------------------------------------

void Batches::take(const StopRequested& event) {
  Batch* batch = find_batch(event.org, event.batch);
  if (batch == nullptr) return;
  if (!batch->stop.empty())
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " was told to stop before");
  if (event.reason == "expired" && batch->deadline > reporter_.time)
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " expired before its deadline");
  batch->stop = event.reason;
}

void Batches::take(const BatchEnded& event) {
  Batch* batch = find_batch(event.org, event.batch);
  if (batch == nullptr) return;
  const std::string id(event.batch);
  check_end(id, *batch, event);
  settle(id, *batch, event);
  endings_.push_back({id, std::string(event.phase), batch->webhook});
  ++figures_.ended[std::string(event.phase)];
  figures_.items += static_cast<std::uint64_t>(batch->plan.item_count);
  BatchOutcome outcome{batch->org, id, event.captured, 0, reporter_.offset, {}};
  for (const auto& [provider, cost] : batch->costs) outcome.provider_cost += cost;
  figures_.add(std::move(outcome));
  over_.insert(event.batch);
  std::erase_if(last_units_, [&](const Closed& each) { return each.batch == id; });
  batches_.erase(id);
}

void Batches::check_end(const std::string& id, const Batch& batch, const BatchEnded& event) {
  if (batch.units_closed != batch.plan.unit_count)
    reporter_.report(Rule::end_mismatch, "batch " + id + " ended with " + std::to_string(batch.units_closed) + " of " +
                                             std::to_string(batch.plan.unit_count) + " units closed");
  if (event.tally != batch.tally || total_of(event.tally) != batch.plan.item_count)
    reporter_.report(Rule::items_lost, "batch " + id + " ended with " + std::to_string(total_of(event.tally)) +
                                           " items; its units have " + std::to_string(total_of(batch.tally)) +
                                           " and its plan has " + std::to_string(batch.plan.item_count));
  if (event.phase != phase_of_end(batch.stop, batch.tally))
    reporter_.report(Rule::end_mismatch, "batch " + id + " ended as " + std::string(event.phase) +
                                             ", and what its items came to says " +
                                             std::string(phase_of_end(batch.stop, batch.tally)));
}

// What was reserved is captured or released, what was charged is what was captured, what it cost is booked.
void Batches::settle(const std::string& id, const Batch& batch, const BatchEnded& event) {
  if (event.captured > batch.plan.total)
    reporter_.report(Rule::charge_above_quote, "batch " + id + " is charged " + amount(event.captured) +
                                                   ", above the quote's " + amount(batch.plan.total));
  if (event.captured != batch.charged || event.captured + event.released != batch.plan.total)
    reporter_.report(Rule::settlement_mismatch, "batch " + id + " captured " + amount(event.captured) +
                                                    " and released " + amount(event.released) +
                                                    "; its units were charged " + amount(batch.charged) + " and " +
                                                    amount(batch.plan.total) + " were reserved");
  ledger_.expect("capture/" + id, event.captured);
  ledger_.expect("release/" + id, event.released);
  for (const auto& [provider, cost] : batch.costs) ledger_.expect("provider_charge/" + id + "/" + provider, cost);
  ledger_.allow_recovery(id, event.released);
  ledger_.hold(batch.org, -batch.plan.total);
}

void Batches::take_feedback(const About& event) {
  if (over_.contains(event.batch)) return;
  if (find_batch(event.org, event.batch) != nullptr)
    reporter_.report(Rule::batch_phase, quoted("batch", event.batch) + " was judged before it ended");
}

void Batches::take(const JobsFlushed& event) {
  const Batch* batch = find_batch(event.org, event.batch);
  if (batch == nullptr) return;
  if (std::find(accepted_.begin(), accepted_.end(), event.batch) == accepted_.end())
    reporter_.report(Rule::batch_torn, quoted("batch", event.batch) + " takes jobs after it was accepted");
  if (event.jobs != batch->plan.item_count)
    reporter_.report(Rule::items_lost, quoted("batch", event.batch) + " took " + std::to_string(event.jobs) +
                                           " jobs and has " + std::to_string(batch->plan.item_count) + " items");
}

void Batches::end_command() {
  for (const Consumed& each : consumed_) {
    if (!each.used)
      reporter_.report_at(each.event, Rule::batch_torn,
                          "quote " + each.quote + " was consumed, and batch " + each.batch + " not accepted with it");
  }
  for (const Closed& each : last_units_)
    reporter_.report_at(each.event, Rule::batch_torn,
                        "the last unit of batch " + each.batch + " was closed, and the batch not ended with it");
  consumed_.clear();
  last_units_.clear();
  accepted_.clear();
  endings_.clear();
}

}  // namespace processors::audit
