#include "tests/load_generator/fulfilment.h"

#include <algorithm>
#include <utility>

#include "core/overloaded.h"

namespace load_generator {

namespace {

using namespace std::chrono_literals;

// A share of attempts, units or deliveries.
constexpr double attempt_fails = 0.06;
constexpr double attempt_is_excused = 0.4;  // of those that fail
constexpr double unit_hangs = 0.01;         // of batches that may
constexpr double delivery_fails = 0.08;
constexpr double item_fails = 0.004;
constexpr std::uint32_t attempts_that_fail_max = 3;

constexpr int served = 200;
constexpr int out_of_order = 503;

}  // namespace

void Fulfilment::expect(std::shared_ptr<Order> order) {
  order->units_open = order->units.size();
  orders_[order->batch] = std::move(order);
}

void Fulfilment::start(const processors::TermPointer& term, const core::AggregateKey& origin,
                       const core::Effect& effect) {
  // In the next tick at the earliest: what is outside takes its time.
  world_->later(1s, [this, epoch = term->epoch, origin, effect] {
    std::visit(core::Overloaded{
                   [&](const core::ForwardCommand& one) { carry_out(origin, one); },
                   [&](const core::PlanBatch& one) { plan(one); },
                   [&](const core::RunUnit& one) {
                     const auto order = orders_.find(one.batch);
                     if (order == orders_.end()) return;
                     const auto work = std::make_shared<UnitWork>(
                         UnitWork{order->second, one.unit, epoch, order->second->units[one.unit.value()]});
                     dispatch(work);
                   },
                   [&](const core::StopBatch& one) { stop(origin, one); },
                   [&](const core::DeliverWebhook& one) { deliver(one); },
                   [&](const auto& one) { complete(origin, one); },
               },
               effect);
  });
}

void Fulfilment::carry_out(const core::AggregateKey& origin, const core::ForwardCommand& forward) {
  world_->submit(forward.aggregate, core::key_of(forward), forward.command,
                 [this, origin, forward](const auto&) { world_->later(1s, [=, this] { complete(origin, forward); }); });
}

void Fulfilment::complete(const core::AggregateKey& origin, const core::Effect& effect) {
  const std::string key = core::key_of(effect);
  world_->submit(origin, "complete/" + key, core::CompleteEffect{key});
}

void Fulfilment::plan(const core::PlanBatch& plan) {
  const auto found = orders_.find(plan.batch);
  if (found == orders_.end()) return;
  const std::vector<core::batch::PlannedUnit>& units = found->second->units;
  for (std::size_t first = 0; first < units.size();) {
    const std::size_t last = std::min(first + core::batch::units_per_plan_command_max, units.size());
    core::batch::PlanUnits command{plan.org, plan.batch, static_cast<std::uint32_t>(first), {}};
    command.units.assign(units.begin() + static_cast<std::ptrdiff_t>(first),
                         units.begin() + static_cast<std::ptrdiff_t>(last));
    world_->submit(core::aggregate_of(plan.org), "plan/" + plan.batch.value() + "/" + std::to_string(first),
                   std::move(command));
    first = last;
  }
}

void Fulfilment::stop(const core::AggregateKey& origin, const core::StopBatch& stop) {
  if (const auto found = orders_.find(stop.batch); found != orders_.end()) found->second->stopped = true;
  complete(origin, stop);
}

void Fulfilment::deliver(const core::DeliverWebhook& delivery) {
  core::AttemptNumber& tried = failed_deliveries_[delivery.delivery];
  tried = core::AttemptNumber(tried.value() + 1);
  core::webhook::RecordDelivery report{delivery.org, delivery.delivery, tried, served, {}, {}};
  // Who is down is mostly still down when asked again.
  if (world_->happens(tried.value() > 1 ? 0.6 : delivery_fails)) {
    report.status = world_->happens(0.5) ? out_of_order : 0;
    if (report.status == 0) report.reason = "network_failed";
  } else {
    failed_deliveries_.erase(delivery.delivery);
  }
  world_->submit(core::aggregate_of(delivery.org),
                 "delivered/" + delivery.delivery.value() + "/" + std::to_string(report.attempt.value()), report);
}

// --- units ----------------------------------------------------------------------------------------------------------

template <class Command>
Command Fulfilment::report_of(const UnitWork& work) const {
  Command command;
  command.org = work.order->org;
  command.batch = work.order->batch;
  command.unit = work.index;
  command.epoch = work.epoch;
  if constexpr (requires { command.attempt; }) command.attempt = work.attempt;
  if constexpr (requires { command.progress; }) command.progress = work.progress;
  if constexpr (requires { command.outcomes; }) command.outcomes = work.outcomes;
  return command;
}

void Fulfilment::send(const Work& work, const std::string& verb, core::Command command, PartitionWorld::Then then) {
  world_->submit(core::aggregate_of(work->order->org),
                 verb + "/" + work->order->batch.value() + "/" + std::to_string(work->index.value()) + "/" +
                     std::to_string(work->attempt.value()),
                 std::move(command), std::move(then));
}

void Fulfilment::dispatch(const Work& work) {
  if (work->order->stopped) return close(work);
  const std::vector<core::quote::RouteLane> lanes = core::quote::lanes_of(work->route());
  work->lane = work->attempt.value() % lanes.size();
  auto command = report_of<core::batch::DispatchUnit>(*work);
  command.attempt = core::AttemptNumber(work->attempt.value() + 1);
  command.lane = static_cast<std::uint32_t>(work->lane);
  for (std::size_t passed = 0; passed < work->lane; ++passed)
    command.passed.push_back({lanes[passed].provider, lanes[passed].model, lanes[passed].mode, "tried"});
  send(work, "dispatch", std::move(command), [this, work](const auto& answer) {
    // Refused: the batch is to stop, and says so soon.
    if (answer.has_error()) return world_->later(40s, [this, work] { dispatch(work); });
    work->attempt = core::AttemptNumber(work->attempt.value() + 1);
    dispatched(work);
  });
}

void Fulfilment::dispatched(const Work& work) {
  work->fails = work->attempt.value() <= attempts_that_fail_max && world_->happens(attempt_fails);
  work->outcomes = {};
  work->outcomes.asked = work->left();
  if (core::quote::lanes_of(work->route())[work->lane].mode == core::Mode::batch) {
    auto command = report_of<core::batch::RecordHandle>(*work);
    command.handle = "batch_" + world_->ulid();
    world_->later(20s, [this, work, command] { send(work, "handle", command, [](const auto&) {}); });
  }
  const bool hangs = work->order->may_hang && world_->happens(unit_hangs);
  const core::Duration first_answer = hangs ? 65min : core::Duration(std::chrono::seconds(world_->between(40, 240)));
  world_->later(first_answer, [this, work] { go_on(work); });
}

void Fulfilment::go_on(const Work& work) {
  if (work->order->stopped) return close(work);
  const std::uint32_t portion =
      static_cast<std::uint32_t>(world_->between(work->planned.item_count / 6 + 1, work->planned.item_count / 2 + 1));
  answer(*work, std::min(portion, work->left()));
  if (work->left() == 0) return close(work);
  if (work->fails) return end_attempt(work);
  world_->submit(core::aggregate_of(work->order->org),
                 "progress/" + work->order->batch.value() + "/" + std::to_string(work->index.value()) + "/" +
                     std::to_string(work->progress.segments.raw),
                 report_of<core::batch::ReportProgress>(*work));
  world_->later(std::chrono::seconds(world_->between(20, 180)), [this, work] { go_on(work); });
}

// The lane has answered some more items.
void Fulfilment::answer(UnitWork& work, std::uint32_t items) {
  const core::quote::Route& route = work.route();
  const core::quote::RouteLane lane = core::quote::lanes_of(route)[work.lane];
  std::uint32_t failed = 0;
  for (std::uint32_t i = 0; i < items; ++i) failed += world_->happens(item_fails) ? 1 : 0;
  const std::uint32_t succeeded = items - failed;

  // No item is charged more than its part of what was quoted.
  const std::int64_t ceiling = work.planned.quoted.nanos() / work.planned.item_count;
  const std::int64_t item_charge = ceiling * static_cast<std::int64_t>(world_->between(35, 95)) / 100;
  const std::int64_t item_cost = item_charge * static_cast<std::int64_t>(world_->between(55, 110)) / 100;
  core::batch::LaneShare share;
  share.provider = lane.provider;
  share.model = lane.model;
  share.mode = lane.mode;
  share.operation = route.operation;
  share.succeeded = succeeded;
  share.failed = failed;
  share.input_tokens = static_cast<std::int64_t>(items * world_->between(300, 1'500));
  share.cached_tokens = share.input_tokens / 4;
  share.output_tokens = static_cast<std::int64_t>(succeeded * world_->between(50, 400));
  share.charged = core::Money::from_nanos(item_charge * succeeded);
  share.provider_cost = core::Money::from_nanos(item_cost * items);
  core::batch::add_share(work.shares, share);

  work.outcomes.succeeded += succeeded;
  work.outcomes.item_faults += failed;
  work.progress.tally.succeeded += succeeded;
  work.progress.tally.failed += failed;
  work.progress.charged = work.progress.charged + share.charged;
  work.progress.provider_cost = work.progress.provider_cost + share.provider_cost;
  work.progress.input_tokens += share.input_tokens;
  work.progress.output_tokens += share.output_tokens;
  work.progress.segments += {succeeded * 412ull, failed * 231ull, items * 187ull, 0, items * 655ull};
}

void Fulfilment::end_attempt(const Work& work) {
  work->outcomes.lane_faults = work->left();
  work->outcomes.took = std::chrono::seconds(world_->between(30, 900));
  auto command = report_of<core::batch::EndAttempt>(*work);
  command.excused = world_->happens(attempt_is_excused);
  command.reason = command.excused ? "rate_limited" : "items_left";
  send(work, "end", std::move(command), [](const auto&) {});
  world_->later(30s, [this, work] { dispatch(work); });
}

void Fulfilment::close(const Work& work) {
  core::batch::Tally& tally = work->progress.tally;
  (work->order->cancelled ? tally.cancelled : tally.expired) += work->left();
  work->outcomes.took = std::chrono::seconds(world_->between(60, 1'800));
  auto command = report_of<core::batch::CloseUnit>(*work);
  command.shares = work->shares;
  send(work, "close", std::move(command), [this, order = work->order](const auto& answer) {
    if (answer.has_error() || --order->units_open > 0) return;
    orders_.erase(order->batch);
    world_->later(1s, order->ended);
  });
}

}  // namespace load_generator
