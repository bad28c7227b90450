// If this failed: attempts would lose or repeat answers, end twice, never end, or outlive a stop.
#include "adapters/simulated/simulated_lane.h"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace adapters::simulated {
namespace {

using processors::Attempt;
using processors::AttemptObserver;
using processors::LaneAnswer;
using processors::LaneEnd;
using processors::Verdict;

class RecordingObserver : public AttemptObserver {
 public:
  void on_handle(std::string handle, std::function<void()> durable) override {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(handle);
    durable_ = std::move(durable);
    changed_.notify_all();
  }

  void on_answer(LaneAnswer answer) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "answered after the end";
    ++answers_seen_;
    answers_[answer.number] = std::move(answer);
    changed_.notify_all();
  }

  void on_end(processors::AttemptEnd how) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "ended twice";
    end_ = how.how;
    changed_.notify_all();
  }

  LaneEnd wait_for_end() {
    wait([this] { return end_.has_value(); });
    return *end_;
  }
  void wait_for_answers(std::size_t count) {
    wait([this, count] { return answers_seen_ >= count; });
  }
  std::string wait_for_handle() {
    wait([this] { return !handle_.empty(); });
    return handle_;
  }
  void say_durable() {
    const std::lock_guard lock(mutex_);
    durable_();
  }

  bool ended() const {
    const std::lock_guard lock(mutex_);
    return end_.has_value();
  }
  // Each item once, or the test fails.
  std::map<std::uint32_t, LaneAnswer> answers() const {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(answers_seen_, answers_.size());
    return answers_;
  }
  std::size_t count(Verdict verdict) const {
    std::size_t found = 0;
    for (const auto& [number, answer] : answers()) found += answer.verdict == verdict ? 1 : 0;
    return found;
  }

 private:
  void wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), condition)) << "hangs";
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, LaneAnswer> answers_;
  std::size_t answers_seen_ = 0;
  std::optional<LaneEnd> end_;
  std::string handle_;
  std::function<void()> durable_;
};

Attempt attempt(std::uint32_t items, core::Mode mode = core::Mode::sync) {
  Attempt attempt;
  attempt.batch = core::BatchId("bat_1");
  attempt.number = core::AttemptNumber(1);
  attempt.provider = core::ProviderId("simulated");
  attempt.model = core::ModelSlug("gpt-5.4-mini");
  attempt.mode = mode;
  for (std::uint32_t i = 0; i < items; ++i)
    attempt.items.push_back({i, core::Operation::responses, R"({"input":"question )" + std::to_string(i) + "\"}", 64});
  return attempt;
}

Settings immediate() {
  Settings settings;
  settings.latency_max = settings.latency_min = std::chrono::microseconds(0);
  return settings;
}

Settings endless() {
  Settings settings;
  settings.latency_max = settings.latency_min = std::chrono::hours(1);
  return settings;
}

class SimulatedLaneTest : public testing::Test {
 protected:
  ~SimulatedLaneTest() override { pool_.join(); }

  std::shared_ptr<RecordingObserver> run(SimulatedLane& lane, Attempt work) {
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(std::move(work), observer);
    return observer;
  }

  boost::asio::thread_pool pool_{2};
};

TEST_F(SimulatedLaneTest, serves_only_the_simulated_provider) {
  SimulatedLane lane(pool_.get_executor(), {});
  EXPECT_TRUE(lane.serves(core::ProviderId("simulated"), core::Mode::sync));
  EXPECT_TRUE(lane.serves(core::ProviderId("simulated"), core::Mode::batch));
  EXPECT_FALSE(lane.serves(core::ProviderId("openai"), core::Mode::sync));
  EXPECT_EQ(lane.attempts_max(), 8u);
}

TEST_F(SimulatedLaneTest, answers_every_item_once) {
  Settings settings;
  settings.latency_max = std::chrono::microseconds(2'000);
  SimulatedLane lane(pool_.get_executor(), settings);
  const auto some = run(lane, attempt(500));
  const auto others = run(lane, attempt(300));
  EXPECT_EQ(some->wait_for_end(), LaneEnd::finished);
  EXPECT_EQ(others->wait_for_end(), LaneEnd::finished);
  EXPECT_EQ(some->answers().size(), 500u);
  EXPECT_EQ(others->count(Verdict::succeeded), 300u);
  EXPECT_EQ(some->answers()[7].text, others->answers()[7].text);
}

TEST_F(SimulatedLaneTest, without_latency_nothing_waits_for_a_timer) {
  SimulatedLane lane(pool_.get_executor(), immediate());
  const auto observer = run(lane, attempt(5'000));
  EXPECT_EQ(observer->wait_for_end(), LaneEnd::finished);
  EXPECT_EQ(observer->count(Verdict::succeeded), 5'000u);
  EXPECT_EQ(run(lane, attempt(0))->wait_for_end(), LaneEnd::finished);
}

TEST_F(SimulatedLaneTest, a_batch_begins_when_its_handle_is_durable) {
  SimulatedLane lane(pool_.get_executor(), immediate());
  const auto observer = run(lane, attempt(3, core::Mode::batch));
  EXPECT_EQ(observer->wait_for_handle(), "simulated_bat_1_0_1");
  EXPECT_TRUE(observer->answers().empty());
  observer->say_durable();
  observer->say_durable();  // once more changes nothing
  EXPECT_EQ(observer->wait_for_end(), LaneEnd::finished);
  EXPECT_EQ(observer->answers().size(), 3u);

  Attempt again = attempt(3, core::Mode::batch);
  again.handle = "simulated_bat_1_0_1";
  const auto found_again = run(lane, again);
  EXPECT_EQ(found_again->wait_for_end(), LaneEnd::finished);
  EXPECT_EQ(found_again->answers()[2].text, observer->answers()[2].text);
}

TEST_F(SimulatedLaneTest, faults_come_at_their_rates_and_the_same_again) {
  Settings settings = immediate();
  settings.transient_rate = 0.5;
  settings.item_fault_rate = 0.1;
  SimulatedLane lane(pool_.get_executor(), settings);
  const auto first = run(lane, attempt(2'000));
  const auto second = run(lane, attempt(2'000));
  first->wait_for_end();
  second->wait_for_end();
  EXPECT_NEAR(static_cast<double>(first->count(Verdict::item_fault)), 200, 60);
  EXPECT_NEAR(static_cast<double>(first->count(Verdict::transient)), 225, 60);  // 0.9 × 0.5³: three tries each
  const auto again = second->answers();
  for (const auto& [number, answer] : first->answers()) EXPECT_EQ(again.at(number).verdict, answer.verdict);
}

TEST_F(SimulatedLaneTest, a_later_attempt_throws_anew) {
  Settings settings = immediate();
  settings.transient_rate = 0.9;
  SimulatedLane lane(pool_.get_executor(), settings);
  Attempt work = attempt(200);
  std::size_t left = work.items.size();
  for (std::uint32_t number = 1; number < 60 && left > 0; ++number) {
    work.number = core::AttemptNumber(number);
    const auto observer = run(lane, work);
    observer->wait_for_end();
    std::erase_if(work.items, [&, answers = observer->answers()](const processors::LaneItem& item) {
      return answers.at(item.number).verdict == Verdict::succeeded;
    });
    left = work.items.size();
  }
  EXPECT_EQ(left, 0u);
}

TEST_F(SimulatedLaneTest, a_lane_fault_ends_the_attempt_as_failed) {
  Settings settings = immediate();
  settings.lane_fault_rate = 0.01;
  SimulatedLane lane(pool_.get_executor(), settings);
  const auto observer = run(lane, attempt(5'000));
  EXPECT_EQ(observer->wait_for_end(), LaneEnd::failed);
  EXPECT_EQ(observer->count(Verdict::lane_fault), 1u);
  EXPECT_LT(observer->answers().size(), 5'000u);
}

TEST_F(SimulatedLaneTest, stop_ends_the_attempts_of_that_batch_only) {
  SimulatedLane lane(pool_.get_executor(), endless());
  const auto mine = run(lane, attempt(10));
  const auto mine_too = run(lane, attempt(10, core::Mode::batch));
  Attempt other = attempt(10);
  other.batch = core::BatchId("bat_2");
  const auto others = run(lane, other);
  mine_too->wait_for_handle();

  lane.cancel(core::BatchId("bat_1"));
  EXPECT_EQ(mine->wait_for_end(), LaneEnd::stopped);
  EXPECT_EQ(mine_too->wait_for_end(), LaneEnd::stopped);
  EXPECT_FALSE(others->ended());
  mine_too->say_durable();  // too late, and harmless

  lane.cancel(core::BatchId("bat_1"));
  lane.cancel(core::BatchId("bat_2"));
  EXPECT_EQ(others->wait_for_end(), LaneEnd::stopped);
}

TEST_F(SimulatedLaneTest, stop_interrupts_an_attempt_that_never_waits) {
  SimulatedLane lane(pool_.get_executor(), immediate());
  const auto observer = run(lane, attempt(100'000));
  observer->wait_for_answers(1);
  lane.cancel(core::BatchId("bat_1"));
  EXPECT_EQ(observer->wait_for_end(), LaneEnd::stopped);
  EXPECT_LT(observer->answers().size(), 100'000u);
}

TEST_F(SimulatedLaneTest, the_destructor_ends_everything) {
  std::vector<std::shared_ptr<RecordingObserver>> observers;
  {
    SimulatedLane lane(pool_.get_executor(), endless());
    for (int i = 0; i < 20; ++i)
      observers.push_back(run(lane, attempt(10, i % 2 == 0 ? core::Mode::sync : core::Mode::batch)));
  }
  for (const auto& observer : observers) {
    ASSERT_TRUE(observer->ended());
    EXPECT_EQ(observer->wait_for_end(), LaneEnd::stopped);
  }
}

}  // namespace
}  // namespace adapters::simulated
