// Batches: 11 (never above the quote), 13 (their states), 14 (their items), 15 (one result an item), 16 (attempts), 19
// (deadline and cancel).
#include "core/overloaded.h"
#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/oracle.h"

namespace simulation {

namespace {

struct BatchCheck {
  Oracle& oracle;
  const Model& model;
  const Seen& seen;

  const Model::Batch* running(const core::BatchId& id) {
    const auto found = model.batches.find(id);
    if (found == model.batches.end() || found->second.accepted.batch.value().empty()) {
      oracle.fail(13, id.value() + " was never accepted");
      return nullptr;
    }
    if (!found->second.over()) return &found->second;
    oracle.fail(13, id.value() + " had ended before");
    return nullptr;
  }

  template <class Event>
  const Model::Unit* open_unit(const Event& event) {
    const Model::Batch* batch = running(event.batch);
    if (batch == nullptr) return nullptr;
    if (event.unit.value() >= batch->units.size() || batch->units[event.unit.value()].closed) {
      oracle.fail(13, name(event) + " is not open");
      return nullptr;
    }
    return &batch->units[event.unit.value()];
  }

  template <class Event>
  static std::string name(const Event& event) {
    return "unit " + std::to_string(event.unit.value()) + " of " + event.batch.value();
  }

  template <class Report>
  void check_report(const Report& event, const Model::Unit& unit) {
    const core::batch::Progress& progress = event.progress;
    if (event.epoch.value_or(core::Epoch{}) < unit.epoch)
      return oracle.fail(15, name(event) + " is reported on by an owner that was replaced");
    if (progress.charged > unit.quoted)
      return oracle.fail(11, name(event) + " is charged " + core::to_decimal(progress.charged) + " of " +
                                 core::to_decimal(unit.quoted));
    if (progress.charged < core::Money{} || progress.provider_cost < core::Money{})
      return oracle.fail(4, name(event) + " comes to less than nothing");
    if (progress.tally.total() > unit.items) return oracle.fail(14, name(event) + " has more results than items");
    if (progress.tally.total() < unit.progress.tally.total())
      return oracle.fail(14, name(event) + " had more results before");
    const Model::Batch& batch = model.batches.at(event.batch);
    if (batch.stop == core::batch::StopReason::expired && progress.tally.succeeded > unit.progress.tally.succeeded)
      oracle.reached("late result after expiry");
  }

  template <class Report>
  void check_attempt(const Report& event) {
    const Model::Unit* unit = open_unit(event);
    if (unit == nullptr) return;
    if (!unit->out || unit->attempt != event.attempt)
      return oracle.fail(15, name(event) + ": attempt " + std::to_string(event.attempt.value()) +
                                 " is reported on, and is not the one that runs");
    if constexpr (requires { event.progress; }) check_report(event, *unit);
  }

  void operator()(const core::batch::BatchAccepted& event) {
    const auto found = model.batches.find(event.batch);
    if (found != model.batches.end() && !found->second.accepted.batch.value().empty())
      oracle.fail(13, event.batch.value() + " was accepted before");
  }
  void operator()(const core::batch::BatchQueued& event) {
    const Model::Batch* batch = running(event.batch);
    if (batch != nullptr && batch->phase != core::batch::Phase::pending)
      oracle.fail(13, event.batch.value() + " was queued before");
  }
  void operator()(const core::batch::UnitsPlanned& event) {
    const Model::Batch* batch = running(event.batch);
    if (batch == nullptr) return;
    std::uint32_t items = 0;
    core::Money quoted;
    for (const Model::Unit& unit : batch->units) {
      items += unit.items;
      quoted = quoted + unit.quoted;
    }
    for (const core::batch::PlannedUnit& unit : event.units) {
      items += unit.item_count;
      quoted = quoted + unit.quoted;
    }
    if (event.first != batch->units.size() || items > batch->accepted.plan.item_count)
      return oracle.fail(14, event.batch.value() + " has units that do not fit");
    if (quoted > batch->accepted.plan.total) oracle.fail(11, event.batch.value() + " has units above its quote");
  }
  void operator()(const core::batch::UnitDispatched& event) {
    const Model::Unit* unit = open_unit(event);
    if (unit == nullptr) return;
    const Model::Batch& batch = model.batches.at(event.batch);
    if (batch.stop != core::batch::StopReason::none)
      return oracle.fail(19, name(event) + " goes out after its batch was stopped");
    if (seen.time >= batch.accepted.deadline) return oracle.fail(19, name(event) + " goes out after the deadline");
    if (event.attempt.value() != unit->attempt.value() + 1 || unit->out)
      return oracle.fail(16, name(event) + " goes out while another attempt runs, or out of order");
    if (event.attempt.value() - unit->excused > oracle.attempts_max())
      return oracle.fail(16, name(event) + " goes out more often than is allowed");
    if (event.attempt.value() > 1) oracle.reached("another attempt");
  }
  void operator()(const core::batch::HandleRecorded& event) { check_attempt(event); }
  void operator()(const core::batch::UnitProgressed& event) { check_attempt(event); }
  void operator()(const core::batch::AttemptEnded& event) { check_attempt(event); }
  void operator()(const core::batch::UnitClosed& event) {
    const Model::Unit* unit = open_unit(event);
    if (unit == nullptr) return;
    if (event.progress.tally.total() != unit->items)
      return oracle.fail(14, name(event) + " is closed with " + std::to_string(event.progress.tally.total()) +
                                 " results for " + std::to_string(unit->items) + " items");
    check_report(event, *unit);
  }
  void operator()(const core::batch::StopRequested& event) {
    const Model::Batch* batch = running(event.batch);
    if (batch == nullptr) return;
    if (batch->stop != core::batch::StopReason::none)
      return oracle.fail(13, event.batch.value() + " was stopped before");
    if (event.reason == core::batch::StopReason::expired && seen.time < batch->accepted.deadline)
      oracle.fail(19, event.batch.value() + " expires before its deadline");
    if (batch->phase == core::batch::Phase::pending) oracle.reached("stopped while it waits for its hour");
  }
  void operator()(const core::batch::BatchEnded& event) {
    const Model::Batch* batch = running(event.batch);
    if (batch == nullptr) return;
    const core::batch::Progress sum = batch->progress();
    std::uint32_t items = 0;
    bool all_closed = true;
    for (const Model::Unit& unit : batch->units) {
      items += unit.items;
      all_closed = all_closed && unit.closed;
    }
    if (!all_closed || items != batch->accepted.plan.item_count || event.tally.total() != items ||
        event.tally != sum.tally)
      return oracle.fail(14, event.batch.value() + " ends with items that nobody knows of, or without some");
    const bool resolved = batch->captured + batch->released == batch->reserved;
    if (!resolved) return oracle.fail(12, event.batch.value() + " ends with an open reservation");
    if (event.captured != batch->captured || event.released != batch->released || event.captured != sum.charged)
      return oracle.fail(18, event.batch.value() + " is settled for something else than its items come to");
    if (event.captured > batch->accepted.plan.total)
      return oracle.fail(11, event.batch.value() + " is charged above its quote");
    check_phase(event, *batch);
  }
  void check_phase(const core::batch::BatchEnded& event, const Model::Batch& batch) {
    using core::batch::Phase;
    using core::batch::StopReason;
    const bool fits = event.phase == Phase::cancelled ? batch.stop == StopReason::cancelled && event.tally.cancelled > 0
                      : event.phase == Phase::expired ? batch.stop == StopReason::expired && event.tally.expired > 0
                      : event.phase == Phase::failed  ? event.tally.succeeded == 0
                                                      : event.phase == Phase::completed;
    if (!fits) return oracle.fail(13, event.batch.value() + " ends as " + std::string(to_string(event.phase)));
    if (event.phase == Phase::expired && event.released > core::Money{})
      oracle.reached("reservation released at the deadline");
    if (batch.stop == StopReason::cancelled)
      oracle.reached(event.phase == Phase::cancelled ? "cancelled before it was completed"
                                                     : "completed before the cancel was heard of");
  }
  template <class Other>
  void operator()(const Other&) {}
};

}  // namespace

void check_batches(Oracle& oracle, const Model& model, const Seen& seen) {
  std::visit(BatchCheck{oracle, model, seen}, seen.event);
}

}  // namespace simulation
