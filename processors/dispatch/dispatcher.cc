#include "processors/dispatch/dispatcher.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "processors/dispatch/unit_run.h"

namespace processors {

namespace {

constexpr core::Duration full_lane_wait = std::chrono::seconds(2);
constexpr int usual_priority = 50;

// Null: none does.
Lane* lane_that_serves(const std::vector<Lane*>& lanes, const core::ProviderId& provider, core::Mode mode) {
  const auto serves = [&](const Lane* one) { return one->serves(provider, mode); };
  const auto found = std::find_if(lanes.begin(), lanes.end(), serves);
  return found == lanes.end() ? nullptr : *found;
}

}  // namespace

Dispatcher::Dispatcher(boost::asio::any_io_executor executor, Settings settings, Environment environment)
    : settings_(std::move(settings)),
      environment_(std::move(environment)),
      executor_(executor),
      strand_(boost::asio::make_strand(executor)),
      closed_lanes_(std::make_shared<const std::vector<LaneStatus>>()),
      full_timer_(strand_),
      health_(settings_.health) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::run(TermPointer term, core::RunUnit unit) {
  boost::asio::post(
      strand_, [this, work = Work{std::move(term), std::move(unit)}]() mutable { wait_for_turn(std::move(work)); });
}

void Dispatcher::wait_for_turn(Work work) {
  const core::OrgId org = work.unit.org;
  const int urgency = priority(work.unit);
  waiting_.push(org, urgency, std::move(work));
  pump();
}

void Dispatcher::stop_batch(const core::BatchId& batch) {
  for (Lane* lane : environment_.lanes) lane->cancel(batch);
}

void Dispatcher::stop() {
  stopping_ = true;
  for (Lane* lane : environment_.lanes) lane->leave_all();
}

std::vector<LaneStatus> Dispatcher::closed_lanes() const {
  const core::Timestamp now = environment_.now();
  std::vector<LaneStatus> statuses = *closed_lanes_.load();
  std::erase_if(statuses, [now](const LaneStatus& status) { return status.until <= now; });
  return statuses;
}

int Dispatcher::priority(const core::RunUnit& unit) const {
  const auto batch = environment_.reader.find<core::batch::Batch>(core::aggregate_of(unit.org), {unit.org, unit.batch});
  return batch.has_value() && *batch ? (*batch)->terms.priority : usual_priority;
}

std::uint32_t Dispatcher::weight(const core::OrgId& org) const {
  const auto found = settings_.weights.find(org);
  return found == settings_.weights.end() ? 1 : found->second;
}

// Shares are counted as if one more org were there, so that who comes next finds a slot free.
bool Dispatcher::may_run(const core::OrgId& org) const {
  std::size_t weights = 1;
  for (const auto& [other, taken] : slots_) weights += weight(other);
  for (const core::OrgId& other : waiting_.owners()) weights += slots_.contains(other) ? 0 : weight(other);
  const std::size_t share = std::max<std::size_t>(1, settings_.units_in_flight_max * weight(org) / weights);
  const auto taken = slots_.find(org);
  return taken == slots_.end() || taken->second < share;
}

void Dispatcher::pump() {
  while (!stopping_ && slots_taken_ < settings_.units_in_flight_max) {
    std::optional<Work> work = waiting_.pop([this](const core::OrgId& org) { return may_run(org); });
    if (!work) break;
    if (work->term->ended) continue;
    auto slot = std::make_shared<Slot>();
    slot->org = work->unit.org;
    ++slots_taken_;
    ++slots_[slot->org];
    ++runs_;
    boost::asio::co_spawn(boost::asio::make_strand(executor_), run_one(std::move(*work), std::move(slot)),
                          boost::asio::detached);
  }
  environment_.metrics.set("batchrouter_units_in_flight", {}, static_cast<double>(runs_));
  std::size_t waiting = waiting_.size() + pauses_.size();
  for (const auto& [lane, queue] : full_) waiting += queue.size();
  environment_.metrics.set("batchrouter_units_waiting", {}, static_cast<double>(waiting));
}

boost::asio::awaitable<void> Dispatcher::run_one(Work work, SlotPointer slot) {
  RunAgain again;
  std::optional<LaneKey> full;
  {
    UnitRun run(work.term, work.unit, *this, slot, co_await boost::asio::this_coro::executor);
    again = co_await run.run();
    if (const auto& lane = run.full_lane()) full = LaneKey(lane->provider, lane->mode);
    work.failures = run.failed() ? work.failures + 1 : 0;
    // The provider may have been asked, and would be again: what stays broken must not cost more and more.
    if (run.failed()) again = settings_.retry_delay * (1 << std::min<std::uint32_t>(work.failures - 1, 8));
  }
  give_back(std::move(slot));
  boost::asio::post(strand_, [this, work = std::move(work), again, full = std::move(full)]() mutable {
    --runs_;
    if (again && !stopping_) full ? wait_for_room(std::move(work), *full) : again_later(std::move(work), *again);
    pump();
  });
}

void Dispatcher::give_back(SlotPointer slot) {
  boost::asio::post(strand_, [this, slot = std::move(slot)] {
    if (!std::exchange(slot->taken, false)) return;
    --slots_taken_;
    if (--slots_[slot->org] == 0) slots_.erase(slot->org);
    pump();
  });
}

void Dispatcher::again_later(Work work, std::chrono::milliseconds delay) {
  auto timer = std::make_shared<boost::asio::steady_timer>(strand_, delay);
  pauses_.insert(timer);
  timer->async_wait([this, timer, work = std::move(work)](const boost::system::error_code&) mutable {
    pauses_.erase(timer);  // cut short or over
    if (!stopping_) wait_for_turn(std::move(work));
  });
}

bool Dispatcher::has_room(const Lane& lane, const LaneKey& key) const {
  const auto attempts = attempts_.find(key);
  return attempts == attempts_.end() || attempts->second < lane.attempts_max();
}

void Dispatcher::wait_for_room(Work work, const LaneKey& lane) {
  const Lane* running = lane_that_serves(environment_.lanes, lane.first, lane.second);
  if (running == nullptr || has_room(*running, lane)) return wait_for_turn(std::move(work));  // meanwhile
  const core::OrgId org = work.unit.org;
  const int urgency = priority(work.unit);
  full_[lane].push(org, urgency, std::move(work));
  if (std::exchange(full_timer_runs_, true)) return;
  full_timer_.expires_after(full_lane_wait);
  full_timer_.async_wait([this](const boost::system::error_code&) {
    full_timer_runs_ = false;
    if (!stopping_) end_waits_for_room();
  });
}

void Dispatcher::end_waits_for_room() {
  for (auto& [lane, queue] : std::exchange(full_, {})) {
    while (std::optional<Work> work = queue.pop()) wait_for_turn(*std::move(work));
  }
}

void Dispatcher::unpark(core::ProviderId provider, std::function<void(std::size_t)> done) {
  boost::asio::post(strand_, [this, provider = std::move(provider), done = std::move(done)] {
    const core::Timestamp now = environment_.now();
    const std::size_t ended = health_.unpark(provider, now);
    closed_lanes_ = std::make_shared<const std::vector<LaneStatus>>(health_.closed_lanes(now));
    for (const auto& timer : pauses_) timer->cancel();
    end_waits_for_room();
    done(ended);
  });
}

Lane* Dispatcher::lane_of(const core::quote::RouteLane& lane) const {
  const std::vector<std::size_t>& sold = environment_.catalog.offerings_of(lane.model);
  const bool offered = std::any_of(sold.begin(), sold.end(), [&](std::size_t index) {
    const core::Offering& offering = environment_.catalog.offerings()[index];
    return offering.provider == lane.provider && offering.mode == lane.mode;
  });
  if (!offered) return nullptr;
  return lane_that_serves(environment_.lanes, lane.provider, lane.mode);
}

LaneRules Dispatcher::rules(core::Timestamp now) const {
  LaneRules rules;
  rules.rescue_time = settings_.rescue_time;
  rules.batch_time_min = settings_.batch_time_min;
  rules.closed = [this, now](const core::quote::RouteLane& lane) -> std::optional<LaneHealth::Closed> {
    const Lane* running = lane_of(lane);
    if (running == nullptr) return LaneHealth::Closed{"lane_not_configured", now + settings_.health.park};
    if (auto closed = health_.closed(lane, now)) return closed;
    if (!has_room(*running, {lane.provider, lane.mode}))
      return LaneHealth::Closed{"lane_full", now + full_lane_wait, true, true};
    return std::nullopt;
  };
  rules.batch_items_min = settings_.batch_items_min;
  return rules;
}

boost::asio::awaitable<LaneChoice> Dispatcher::choose(std::vector<core::quote::RouteLane> lanes, core::batch::Unit unit,
                                                      core::Timestamp deadline) {
  const core::Timestamp now = environment_.now();
  LaneChoice choice = choose_lane(lanes, unit, now, deadline, rules(now));
  if (choice.lane) ++attempts_[{lanes[*choice.lane].provider, lanes[*choice.lane].mode}];
  co_return choice;
}

boost::asio::awaitable<LaneChoice> Dispatcher::take_lane(std::vector<core::quote::RouteLane> lanes,
                                                         core::batch::Unit unit, core::Timestamp deadline) {
  auto choosing = choose(std::move(lanes), std::move(unit), deadline);
  co_return co_await boost::asio::co_spawn(strand_, std::move(choosing), boost::asio::use_awaitable);
}

void Dispatcher::attempt_resumed(core::quote::RouteLane lane) {
  boost::asio::post(strand_, [this, lane = std::move(lane)] { ++attempts_[{lane.provider, lane.mode}]; });
}

void Dispatcher::attempt_ended(core::quote::RouteLane lane, AttemptEnd end, bool any_succeeded) {
  boost::asio::post(strand_, [this, lane = std::move(lane), end = std::move(end), any_succeeded] {
    const LaneKey key(lane.provider, lane.mode);
    --attempts_[key];
    if (const auto queue = full_.find(key); queue != full_.end() && !stopping_) {
      if (std::optional<Work> next = queue->second.pop()) wait_for_turn(*std::move(next));
    }
    const core::Timestamp now = environment_.now();
    if (health_.attempt_ended(lane, end, any_succeeded, now)) {
      warn(environment_.log, "lane_closed",
           {{"provider", lane.provider.value()},
            {"model", lane.model.value()},
            {"mode", core::to_string(lane.mode)},
            {"reason", std::string_view(end.reason)}});
      environment_.metrics.count("batchrouter_lane_closures_total",
                                 {{"provider", lane.provider.value()}, {"mode", core::to_string(lane.mode)}});
    }
    closed_lanes_ = std::make_shared<const std::vector<LaneStatus>>(health_.closed_lanes(now));
  });
}

}  // namespace processors
