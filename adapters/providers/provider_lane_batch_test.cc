// If this failed: provider batches would be made twice or lost, answers be attributed to the wrong items, and attempts
// never end.
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "adapters/providers/provider_lane.h"
#include "adapters/providers/test_lane_world.h"

namespace adapters::providers {
namespace {

using namespace testing;

class BatchLanes : public ::testing::TestWithParam<Protocol> {};
INSTANTIATE_TEST_SUITE_P(ProviderLane, BatchLanes, ::testing::Values(Protocol::openai, Protocol::anthropic),
                         [](const auto& which) { return which.param == Protocol::openai ? "openai" : "anthropic"; });

TEST_P(BatchLanes, batch_is_made_waited_for_and_read) {
  World world;
  for (const Operation operation : {Operation::responses, Operation::chat_completions, Operation::messages}) {
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 120, operation);
    attempt.unit = core::UnitIndex(static_cast<std::uint32_t>(operation));
    lane.start(std::move(attempt), observer);
    const AttemptEnd end = observer->wait_for_end();
    EXPECT_EQ(end.how, LaneEnd::finished) << end.reason;
    expect_own_answers(*observer, 120);
  }
}

TEST_P(BatchLanes, batch_whose_creation_was_not_answered_is_found_and_not_made_again) {
  const std::string path = batches_path(GetParam());
  World world(R"([{"match":{"method":"POST","path_regex":"^)" + path +
              R"($","nth":1},"fault":{"kind":"lost_answer"}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::batch, 5, Operation::messages), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 5);
  EXPECT_EQ(world.requests("POST", path), 1U);
}

TEST_P(BatchLanes, batch_that_an_earlier_run_left_is_found_by_the_next) {
  World world;
  Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 5, Operation::chat_completions);
  std::string other;
  {
    // Of the same size, and known to be another attempt's.
    ProviderLane lane = world.lane(GetParam());
    Attempt another = attempt;
    another.unit = core::UnitIndex(7);
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(std::move(another), observer);
    other = observer->wait_for_handle();
    observer->wait_for_end();
    world.known_handles.insert(other);
  }
  std::string handle;
  {
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>(false);
    lane.start(attempt, observer);
    handle = observer->wait_for_handle();
    lane.leave(attempt.batch, attempt.unit);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::stopped);
  }
  ProviderLane lane = world.lane(GetParam());
  resume(attempt, GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt, observer);
  EXPECT_EQ(observer->wait_for_handle(), handle);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 5);
  EXPECT_EQ(world.requests("POST", batches_path(GetParam())), 2U);

  // And with the handle, for what is still without an answer: in as many runs as it takes.
  attempt.handle = handle;
  attempt.items.erase(attempt.items.begin(), attempt.items.begin() + 3);
  const auto again = std::make_shared<RecordingObserver>();
  lane.start(attempt, again);
  EXPECT_EQ(again->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*again, 2);
  EXPECT_EQ(world.requests("POST", batches_path(GetParam())), 2U);
}

TEST_P(BatchLanes, batch_that_was_never_made_is_made_by_the_run_that_looks_for_it) {
  World world;
  ProviderLane lane = world.lane(GetParam());
  Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 3, Operation::messages);
  resume(attempt, GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(std::move(attempt), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 3);
}

TEST_P(BatchLanes, no_batch_is_made_while_the_list_of_them_cannot_be_read) {
  const std::string path = batches_path(GetParam());
  World world(R"([{"match":{"method":"GET","path":")" + path + R"("},"fault":{"kind":"status","status":500}}])");
  ProviderLane lane = world.lane(GetParam());
  Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 3, Operation::messages);
  resume(attempt, GetParam());
  attempt.deadline = now() + milliseconds(300);
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(std::move(attempt), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.trouble, Trouble::down);
  EXPECT_EQ(world.requests("POST", path), 0U);
}

constexpr const char* half_done = R"([{"match":{"via":"batch"},"fault":{"kind":"stuck","done":0.5}}])";

TEST_P(BatchLanes, cancelled_batch_reports_what_was_finished) {
  World world(half_done, R"({"batch_seconds":0.05})");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  const Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 10, Operation::messages);
  lane.start(attempt, observer);
  observer->wait_for_handle();
  lane.cancel(attempt.batch);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::stopped);
  EXPECT_EQ(end.reason, "cancelled");
  EXPECT_LT(observer->answers().size(), 10U);
  expect_own_answers(*observer, observer->answers().size());
}

TEST_P(BatchLanes, stuck_batch_is_given_up_with_what_it_had_finished) {
  World world(half_done, R"({"batch_seconds":0.05})");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 10, Operation::messages);
  attempt.give_up_at = now() + milliseconds(300);
  lane.start(std::move(attempt), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.trouble, Trouble::slow);
  expect_own_answers(*observer, 5);
}

TEST_P(BatchLanes, expired_batch_reports_what_was_finished) {
  World world(R"([{"match":{"via":"batch"},"fault":{"kind":"batch_expired","done":0.5}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::batch, 10, Operation::messages), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.reason, "batch_cut_short");
  EXPECT_EQ(end.trouble, Trouble::slow);
  expect_own_answers(*observer, 5);
}

TEST_P(BatchLanes, answers_under_other_items_ids_are_never_reported) {
  World world(R"([{"match":{"via":"batch"},"fault":{"kind":"shuffled_ids"}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::batch, 100, Operation::messages), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.trouble, Trouble::mismatched);
  EXPECT_TRUE(observer->answers().empty());
}

TEST_P(BatchLanes, results_are_read_however_strange_their_file_is) {
  for (const std::string kind : {R"("blank_lines")", R"("crlf")", R"("bom")", R"("in_order")",
                                 R"("unknown_ids","count":3)", R"("duplicate_ids","count":2)", R"("flap","times":3)"}) {
    World world(R"([{"match":{"via":"batch"},"fault":{"kind":)" + kind + "}}]");
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), core::Mode::batch, 8, Operation::messages), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished) << kind;
    expect_own_answers(*observer, 8);
  }
}

TEST_P(BatchLanes, lines_that_are_lost_broken_or_contradictory_are_not_answered) {
  for (const std::string kind :
       {R"("truncated_last_line")", R"("missing_ids","count":1)", R"("duplicate_ids","count":1,"other_body":true)",
        R"("nan","lines":1)", R"("deep_nesting","lines":1)"}) {
    World world(R"([{"match":{"via":"batch"},"fault":{"kind":)" + kind + "}}]");
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), core::Mode::batch, 8, Operation::messages), observer);
    const AttemptEnd end = observer->wait_for_end();
    EXPECT_EQ(end.how, LaneEnd::failed) << kind;
    EXPECT_EQ(end.reason, "results_missing") << kind;
    EXPECT_EQ(end.trouble, Trouble::none) << kind;
    expect_own_answers(*observer, 7);
  }
}

TEST_P(BatchLanes, polls_are_repeated_through_failures_of_every_kind) {
  World world(R"([{"match":{"method":"GET","path":")" + batches_path(GetParam()) +
              R"(","nth":1},"fault":{"kind":"status","name":"rate_limited","headers":{"retry-after":"0"}}},
              {"match":{"method":"GET","path":"/v1/","nth":2},"fault":{"kind":"reset"}},
              {"match":{"method":"GET","path":"/v1/","nth":3},"fault":{"kind":"html","status":502}},
              {"match":{"method":"GET","path":"/v1/","nth":4},"fault":{"kind":"status","status":404}},
              {"match":{"method":"GET","path":"/v1/","nth":5},"fault":{"kind":"empty","status":200}},
              {"match":{"method":"GET","path":"/v1/","nth":7},"fault":{"kind":"reset_mid_body"}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::batch, 5, Operation::messages), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 5);
}

TEST(ProviderLane, full_queue_of_a_model_is_busy) {
  World world(R"([{"match":{"via":"batch"},"fault":{"kind":"batch_failed","code":"token_limit_exceeded"}}])");
  ProviderLane lane = world.lane(Protocol::openai);
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(Protocol::openai, core::Mode::batch, 3, Operation::responses), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.trouble, Trouble::busy);
  EXPECT_EQ(end.retry_after, std::chrono::seconds(900));
  EXPECT_TRUE(observer->answers().empty());
}

TEST(ProviderLane, batch_of_which_every_item_failed_has_an_error_file_only) {
  for (const std::string more : {"", R"(,{"match":{"via":"batch"},"fault":{"kind":"empty_file_id"}})"}) {
    World world(
        R"([{"match":{"via":"batch"},"fault":{"kind":"item_error","status":400,"type":"invalid_request_error"}})" +
        more + "]");
    ProviderLane lane = world.lane(Protocol::openai);
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(Protocol::openai, core::Mode::batch, 4, Operation::responses), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    EXPECT_EQ(observer->count(Verdict::item_fault), 4U);
  }
}

TEST(ProviderLane, of_creations_that_nobody_can_tell_apart_one_is_in_doubt_at_a_time) {
  World world(R"([{"match":{"method":"POST","path_regex":"^/v1/messages/batches$"},"fault":{"kind":"lost_answer"}}])");
  std::mutex mutex;
  std::set<std::string> known;
  ProviderLane lane({world.pool.get_executor(), world.http, world.log, world.metrics, &now,
                     [&](const std::string& handle) {
                       const std::lock_guard lock(mutex);
                       return known.contains(handle);
                     }},
                    settings_for(Protocol::anthropic, world.simulator.url()));
  // Makes a handle durable a while after it was reported, as a journal does.
  class SlowObserver final : public processors::AttemptObserver {
   public:
    SlowObserver(std::shared_ptr<RecordingObserver> inner, std::mutex& mutex, std::set<std::string>& known)
        : inner_(std::move(inner)), mutex_(mutex), known_(known) {}
    ~SlowObserver() override {
      if (writer_.joinable()) writer_.join();
    }
    void on_handle(std::string handle, std::function<void()> durable) override {
      if (handle == processors::handle_in_making) return durable();
      writer_ = std::thread([this, handle, durable] {
        std::this_thread::sleep_for(milliseconds(50));  // lets the others create, if they may
        {
          const std::lock_guard lock(mutex_);
          EXPECT_TRUE(known_.insert(handle).second) << "one batch for two attempts";
        }
        durable();
      });
    }
    void on_answer(LaneAnswer answer) override { inner_->on_answer(std::move(answer)); }
    void on_end(AttemptEnd end) override { inner_->on_end(std::move(end)); }

   private:
    const std::shared_ptr<RecordingObserver> inner_;
    std::mutex& mutex_;
    std::set<std::string>& known_;
    std::thread writer_;
  };
  std::vector<std::shared_ptr<RecordingObserver>> observers;
  for (std::uint32_t unit = 0; unit < 4; ++unit) {
    Attempt attempt = attempt_of(Protocol::anthropic, core::Mode::batch, 5, Operation::messages);
    attempt.unit = core::UnitIndex(unit);
    observers.push_back(std::make_shared<RecordingObserver>());
    lane.start(std::move(attempt), std::make_shared<SlowObserver>(observers.back(), mutex, known));
  }
  for (const auto& observer : observers) {
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    expect_own_answers(*observer, 5);
  }
  EXPECT_EQ(known.size(), 4U);
  EXPECT_EQ(world.requests("POST", "/v1/messages/batches"), 4U);
}

TEST(ProviderLane, lost_batch_is_looked_for_on_every_page_of_the_time_in_question) {
  const auto batch = [](const std::string& id, const std::string& intent, std::int64_t age_seconds) {
    const auto created =
        std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count() - age_seconds;
    return R"({"id":")" + id + R"(","status":"in_progress","created_at":)" + std::to_string(created) +
           R"(,"metadata":{"br_intent":")" + intent + "\"}}";
  };
  std::mutex mutex;
  std::vector<std::string> targets;
  Scripted world([&](const http_client::ReceivedRequest& request, http_client::TestConnection& connection) {
    const std::lock_guard lock(mutex);
    targets.push_back(request.method + " " + request.target);
    if (request.target == "/v1/batches?limit=100")
      return connection.reply(200, R"({"data":[)" + batch("batch_9", "bat_9/0/1", 0) + "," + batch("batch_8", "", 5) +
                                       R"(],"last_id":"batch_8","has_more":true})");
    if (request.target == "/v1/batches?limit=100&after=batch_8")
      return connection.reply(200, R"({"data":[)" + batch("batch_7", "bat_1/0/1", 20) + "," +
                                       batch("batch_6", "bat_1/0/1", 3'600) +
                                       R"(],"has_more":true,"last_id":"batch_6"})");
    if (request.target == "/v1/batches/batch_7")
      return connection.reply(200, R"({"id":"batch_7","status":"failed","errors":{"data":[
          {"code":"invalid_value","message":"bad temperature","line":2}]}})");
    connection.reply(500);
  });
  Attempt attempt = attempt_of(Protocol::openai, core::Mode::batch, 3, Operation::responses);
  attempt.resumed = true;
  const auto observer = world.run(attempt);
  EXPECT_EQ(observer->wait_for_handle(), "batch_7");
  EXPECT_EQ(targets, (std::vector<std::string>{"GET /v1/batches?limit=100", "GET /v1/batches?limit=100&after=batch_8",
                                               "GET /v1/batches/batch_7"}));
  // The provider refused a line, and executed none: that item is at fault, the others have no answer.
  EXPECT_EQ(observer->wait_for_end().reason, "batch_invalid");
  ASSERT_EQ(observer->answers().size(), 1U);
  EXPECT_EQ(observer->answers().at(1).verdict, Verdict::item_fault);
}

TEST(ProviderLane, batch_that_is_gone_is_not_asked_for_without_end) {
  Scripted world([](const http_client::ReceivedRequest&, http_client::TestConnection& connection) {
    connection.reply(404, R"({"error":{"message":"No batch found","type":"invalid_request_error"}})");
  });
  Attempt attempt = attempt_of(Protocol::openai, core::Mode::batch, 3, Operation::responses);
  attempt.resumed = true;
  attempt.handle = "batch_1";
  const AttemptEnd end = world.run(attempt)->wait_for_end();
  EXPECT_EQ(end.reason, "batch_gone");
  EXPECT_EQ(end.trouble, Trouble::down);
}

TEST(ProviderLane, provider_that_cannot_be_reached_any_more_is_given_up_in_time) {
  Scripted world(
      [](const http_client::ReceivedRequest&, http_client::TestConnection& connection) { connection.cut(); });
  Attempt attempt = attempt_of(Protocol::openai, core::Mode::batch, 3, Operation::responses);
  attempt.handle = "batch_1";
  attempt.resumed = true;
  attempt.deadline = now() + milliseconds(100);
  const auto observer =
      world.run(attempt, [](ProviderSettings& settings) { settings.cancel_wait = milliseconds(100); });
  EXPECT_EQ(observer->wait_for_end().trouble, Trouble::slow);
}

}  // namespace
}  // namespace adapters::providers
