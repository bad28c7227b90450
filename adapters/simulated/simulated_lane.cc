#include "adapters/simulated/simulated_lane.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "adapters/simulated/answer.h"
#include "adapters/simulated/random.h"
#include "core/invariant.h"

namespace adapters::simulated {
namespace {

using processors::Attempt;
using processors::AttemptObserver;
using processors::LaneEnd;
using processors::LaneItem;
using processors::Verdict;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t tries_max = 3;         // of an item within one attempt
constexpr std::size_t answers_per_turn = 128;  // then others may use the thread, and a stop is noticed

// What chance decides about a try; each its own throw.
enum class Chance : std::uint64_t { latency, transient, item_fault, lane_fault };

}  // namespace

// The attempts that have not ended.
class SimulatedLane::Runs {
 public:
  void add(std::shared_ptr<Run> run) {
    const std::lock_guard lock(mutex_);
    runs_.push_back(std::move(run));
  }

  void remove(const Run& run) {
    const std::lock_guard lock(mutex_);
    std::erase_if(runs_, [&](const std::shared_ptr<Run>& other) { return other.get() == &run; });
    if (runs_.empty()) none_left_.notify_all();
  }

  std::vector<std::shared_ptr<Run>> all() const {
    const std::lock_guard lock(mutex_);
    return runs_;
  }

  void wait_until_none_left() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return runs_.empty(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_left_;
  std::vector<std::shared_ptr<Run>> runs_;
};

// One attempt. Everything but the constructor, start(), stop() and attempt() runs on its strand.
class SimulatedLane::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const boost::asio::any_io_executor& executor, const Settings& settings, Attempt attempt,
      std::shared_ptr<AttemptObserver> observer, std::shared_ptr<Runs> runs)
      : strand_(boost::asio::make_strand(executor)),
        timer_(strand_),
        settings_(settings),
        attempt_(std::move(attempt)),
        observer_(std::move(observer)),
        runs_(std::move(runs)) {}

  const Attempt& attempt() const { return attempt_; }

  void start() {
    boost::asio::post(strand_, [self = shared_from_this()] { self->begin(); });
  }

  void stop() {
    boost::asio::post(strand_, [self = shared_from_this()] { self->end({LaneEnd::stopped, "stopped"}); });
  }

 private:
  struct Asked {
    Clock::time_point due;
    std::size_t item = 0;     // index into attempt_.items
    std::uint32_t tries = 0;  // that went before within this attempt
    std::uint64_t hash = 0;   // of the input

    friend bool operator>(const Asked& a, const Asked& b) { return a.due != b.due ? a.due > b.due : a.item > b.item; }
  };

  void begin() {
    if (ended_) return;
    if (attempt_.mode == core::Mode::sync || !attempt_.handle.empty()) return proceed();
    std::string handle = "simulated_" + attempt_.batch.value() + "_" + std::to_string(attempt_.unit.value()) + "_" +
                         std::to_string(attempt_.number.value());
    observer_->on_handle(std::move(handle), [weak = weak_from_this()] {
      const std::shared_ptr<Run> self = weak.lock();
      if (self) boost::asio::post(self->strand_, [self] { self->proceed(); });
    });
  }

  void proceed() {
    if (std::exchange(proceeding_, true)) return;
    turn();
  }

  void turn() {
    for (std::size_t answers = 0; answers < answers_per_turn; ++answers) {
      if (ended_) return;
      ask_more();
      if (asked_.empty()) return end({});
      if (asked_.top().due > Clock::now()) return wait();
      const Asked asked = asked_.top();
      asked_.pop();
      finish_try(asked);
    }
    boost::asio::post(strand_, [self = shared_from_this()] { self->turn(); });
  }

  void wait() {
    timer_.expires_at(asked_.top().due);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->turn(); });
  }

  void ask_more() {
    while (asked_.size() < settings_.concurrency && next_ < attempt_.items.size()) {
      ask({{}, next_, 0, hash(attempt_.items[next_].input, hash({}) ^ settings_.seed)});
      ++next_;
    }
  }

  void ask(Asked asked) {
    const auto span = static_cast<double>((settings_.latency_max - settings_.latency_min).count());
    const auto extra = static_cast<std::int64_t>(span * chance(Chance::latency, asked));
    asked.due = Clock::now() + settings_.latency_min + std::chrono::microseconds(extra);
    asked_.push(asked);
  }

  void finish_try(Asked asked) {
    const LaneItem& item = attempt_.items[asked.item];
    if (chance(Chance::lane_fault, asked) < settings_.lane_fault_rate) {
      observer_->on_answer(fault_answer(item, Verdict::lane_fault, "insufficient_quota",
                                        "The provider's account cannot be used now (simulated)."));
      return end({LaneEnd::failed, "insufficient_quota"});
    }
    if (chance(Chance::item_fault, asked) < settings_.item_fault_rate) {
      return observer_->on_answer(fault_answer(item, Verdict::item_fault, "invalid_request_error",
                                               "The provider refused this request (simulated)."));
    }
    if (chance(Chance::transient, asked) < settings_.transient_rate) {
      if (++asked.tries < tries_max) return ask(asked);
      return observer_->on_answer(
          fault_answer(item, Verdict::transient, "server_error", "The provider failed for the moment (simulated)."));
    }
    observer_->on_answer(answer_item(attempt_.model, item));
  }

  // 0 to 1. Each try of an item throws anew, in this attempt and in later ones; whether an item is at fault does not
  // change.
  double chance(Chance what, const Asked& asked) const {
    std::uint64_t number = 0;
    if (what != Chance::item_fault) number = std::uint64_t{attempt_.number.value()} * tries_max + asked.tries;
    Random random(asked.hash ^ (static_cast<std::uint64_t>(what) << 60) ^ number * 0x9e3779b97f4a7c15u);
    random.next();
    return random.fraction();
  }

  void end(processors::AttemptEnd how) {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    const std::shared_ptr<AttemptObserver> observer = std::move(observer_);
    observer->on_end(std::move(how));
    runs_->remove(*this);
  }

  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;
  const Settings settings_;
  const Attempt attempt_;
  std::shared_ptr<AttemptObserver> observer_;
  const std::shared_ptr<Runs> runs_;
  std::priority_queue<Asked, std::vector<Asked>, std::greater<>> asked_;  // soonest due first
  std::size_t next_ = 0;                                                  // index of the first item that was not asked
  bool proceeding_ = false;
  bool ended_ = false;
};

SimulatedLane::SimulatedLane(boost::asio::any_io_executor executor, Settings settings)
    : executor_(std::move(executor)), settings_(settings), runs_(std::make_shared<Runs>()) {
  INVARIANT(settings_.concurrency > 0);
  INVARIANT(settings_.latency_min <= settings_.latency_max);
}

SimulatedLane::~SimulatedLane() {
  for (const std::shared_ptr<Run>& run : runs_->all()) run->stop();
  runs_->wait_until_none_left();
}

bool SimulatedLane::serves(const core::ProviderId& provider, core::Mode) const {
  return provider.value() == core::simulated_provider;
}

std::size_t SimulatedLane::attempts_max() const {
  return settings_.attempts_max;
}

void SimulatedLane::start(Attempt attempt, std::shared_ptr<AttemptObserver> observer) {
  const auto run = std::make_shared<Run>(executor_, settings_, std::move(attempt), std::move(observer), runs_);
  runs_->add(run);
  run->start();
}

// There is nothing elsewhere that goes on: to cancel is to leave.
void SimulatedLane::cancel(const core::BatchId& batch) {
  for (const std::shared_ptr<Run>& run : runs_->all()) {
    if (run->attempt().batch == batch) run->stop();
  }
}

void SimulatedLane::leave(const core::BatchId& batch, core::UnitIndex unit) {
  for (const std::shared_ptr<Run>& run : runs_->all()) {
    if (run->attempt().batch == batch && run->attempt().unit == unit) run->stop();
  }
}

void SimulatedLane::leave_all() {
  for (const std::shared_ptr<Run>& run : runs_->all()) run->stop();
}

}  // namespace adapters::simulated
