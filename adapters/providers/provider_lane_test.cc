// If this failed: provider batches would be made twice or lost, answers be attributed to the wrong items, customers'
// items fail for our own account, and attempts never end.
#include "adapters/providers/provider_lane.h"

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "adapters/http_client/test_http_server.h"
#include "adapters/providers/test_simulator.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace adapters::providers {
namespace {

using core::Operation;
using core::Protocol;
using processors::Attempt;
using processors::AttemptEnd;
using processors::LaneAnswer;
using processors::LaneEnd;
using processors::Trouble;
using processors::Verdict;
using std::chrono::milliseconds;

core::Timestamp now() {
  return std::chrono::floor<core::Duration>(std::chrono::system_clock::now());
}

class RecordingObserver : public processors::AttemptObserver {
 public:
  explicit RecordingObserver(bool makes_durable = true) : makes_durable_(makes_durable) {}

  void on_handle(std::string handle, std::function<void()> durable) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "a handle after the end";
    if (handle == processors::handle_in_making) return durable();
    handle_ = std::move(handle);
    if (makes_durable_) durable();
    changed_.notify_all();
  }
  void on_answer(LaneAnswer answer) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "answered after the end";
    const std::uint32_t number = answer.number;
    EXPECT_TRUE(answers_.emplace(number, std::move(answer)).second) << "answered twice: " << number;
    changed_.notify_all();
  }
  void on_end(AttemptEnd end) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(end_) << "ended twice";
    end_ = std::move(end);
    changed_.notify_all();
  }

  AttemptEnd wait_for_end() {
    wait([this] { return end_.has_value(); });
    return *end_;
  }
  std::string wait_for_handle() {
    wait([this] { return !handle_.empty(); });
    return handle_;
  }
  const std::map<std::uint32_t, LaneAnswer>& answers() const { return answers_; }  // after the end
  std::size_t count(Verdict verdict) const {
    std::size_t found = 0;
    for (const auto& [number, answer] : answers_) found += answer.verdict == verdict ? 1 : 0;
    return found;
  }

 private:
  void wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), condition)) {
      ADD_FAILURE() << "hangs";
      std::abort();
    }
  }

  const bool makes_durable_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, LaneAnswer> answers_;
  std::string handle_;
  std::optional<AttemptEnd> end_;
};

// As an attempt is that was left while its provider batch was being made.
void resume(Attempt& attempt, Protocol protocol) {
  attempt.resumed = true;
  if (protocol == Protocol::anthropic) attempt.handle = std::string(processors::handle_in_making);
}

ProviderSettings settings_for(Protocol protocol, const std::string& url) {
  ProviderSettings settings;
  settings.provider = core::ProviderId(protocol == Protocol::anthropic ? "anthropic" : "openai");
  settings.protocol = protocol;
  settings.base_url = url;
  settings.api_key = core::Secret("sk-test-0123456789");
  settings.backoff_first = milliseconds(5);
  settings.poll_first = milliseconds(20);
  settings.poll_max = milliseconds(100);
  settings.lookup_wait = milliseconds(20);
  settings.lookup_for = milliseconds(60);
  settings.busy_wait_max = milliseconds(20'000);
  settings.cancel_wait = milliseconds(20'000);
  return settings;
}

// A simulator and lanes to it.
struct World {
  explicit World(const std::string& rules = "[]", const std::string& settings = "{}") : simulator(rules, settings) {}

  ProviderLane lane(ProviderSettings settings) {
    return ProviderLane({pool.get_executor(), http, log, metrics, &now,
                         [this](const std::string& handle) { return known_handles.contains(handle); }},
                        std::move(settings));
  }
  ProviderLane lane(Protocol protocol) { return lane(settings_for(protocol, simulator.url())); }

  std::size_t requests(const std::string& method, const std::string& path) {
    const std::string log_text = simulator.requests();
    const std::string wanted = R"("method": ")" + method + R"(", "path": ")" + path + "\"";
    std::size_t found = 0;
    for (std::size_t at = 0; (at = log_text.find(wanted, at)) != std::string::npos; ++at) ++found;
    return found;
  }

  TestSimulator simulator;
  std::set<std::string> known_handles;
  processors::testing::NullLog log;
  processors::testing::NullMetrics metrics;
  http_client::HttpClient http;
  boost::asio::thread_pool pool{2};
};

Attempt attempt_of(Protocol protocol, core::Mode mode, std::uint32_t items, Operation operation) {
  Attempt attempt;
  attempt.org = core::OrgId("org_1");
  attempt.batch = core::BatchId("bat_1");
  attempt.number = core::AttemptNumber(1);
  attempt.provider = core::ProviderId(protocol == Protocol::anthropic ? "anthropic" : "openai");
  attempt.provider_model = protocol == Protocol::anthropic ? "claude-haiku-4-5" : "gpt-5.4-mini";
  attempt.model = core::ModelSlug(attempt.provider_model);
  attempt.mode = mode;
  attempt.intended_at = now();
  attempt.deadline = now() + std::chrono::hours(1);
  for (std::uint32_t i = 0; i < items; ++i) {
    const std::string word = "item-" + std::to_string(i) + "-end";
    std::string input;
    switch (operation) {
      case Operation::responses: input = R"({"input":"Reply with exactly: )" + word + "\"}"; break;
      case Operation::chat_completions:
      case Operation::messages:
        input = R"({"max_tokens":64,"messages":[{"role":"user","content":"Reply with exactly: )" + word + "\"}]}";
        break;
      case Operation::embeddings: input = R"({"input":")" + word + "\"}"; break;
    }
    attempt.items.push_back({i, operation, input, 64});
  }
  return attempt;
}

void expect_own_answers(const RecordingObserver& observer, std::size_t items) {
  EXPECT_EQ(observer.answers().size(), items);
  for (const auto& [number, answer] : observer.answers()) {
    EXPECT_EQ(answer.verdict, Verdict::succeeded) << answer.error_code << ": " << answer.error_message;
    EXPECT_EQ(answer.text, "item-" + std::to_string(number) + "-end");
    EXPECT_EQ(answer.finish_reason, "stop");
    EXPECT_GT(answer.usage.input_tokens, 0);
    EXPECT_GT(answer.usage.output_tokens, 0);
    EXPECT_NE(answer.provider_body.find("usage"), std::string::npos);
  }
}

class BothProtocols : public testing::TestWithParam<Protocol> {};
INSTANTIATE_TEST_SUITE_P(ProviderLane, BothProtocols, testing::Values(Protocol::openai, Protocol::anthropic),
                         [](const auto& which) { return which.param == Protocol::openai ? "openai" : "anthropic"; });

std::string batches_path(Protocol protocol) {
  return protocol == Protocol::anthropic ? "/v1/messages/batches" : "/v1/batches";
}

TEST_P(BothProtocols, batch_is_made_waited_for_and_read) {
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

TEST_P(BothProtocols, synchronous_calls_are_answered_in_every_dialect) {
  World world;
  ProviderLane lane = world.lane(GetParam());
  for (const Operation operation : {Operation::responses, Operation::chat_completions, Operation::messages}) {
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), core::Mode::sync, 50, operation), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    expect_own_answers(*observer, 50);
  }
}

TEST_P(BothProtocols, batch_whose_creation_was_not_answered_is_found_and_not_made_again) {
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

TEST_P(BothProtocols, batch_that_an_earlier_run_left_is_found_by_the_next) {
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
    lane.leave(attempt.batch);
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

TEST_P(BothProtocols, batch_that_was_never_made_is_made_by_the_run_that_looks_for_it) {
  World world;
  ProviderLane lane = world.lane(GetParam());
  Attempt attempt = attempt_of(GetParam(), core::Mode::batch, 3, Operation::messages);
  resume(attempt, GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(std::move(attempt), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 3);
}

TEST_P(BothProtocols, no_batch_is_made_while_the_list_of_them_cannot_be_read) {
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

TEST_P(BothProtocols, cancelled_batch_reports_what_was_finished) {
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

TEST_P(BothProtocols, stuck_batch_is_given_up_with_what_it_had_finished) {
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

TEST_P(BothProtocols, expired_batch_reports_what_was_finished) {
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

TEST_P(BothProtocols, answers_under_other_items_ids_are_never_reported) {
  World world(R"([{"match":{"via":"batch"},"fault":{"kind":"shuffled_ids"}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::batch, 100, Operation::messages), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.trouble, Trouble::mismatched);
  EXPECT_TRUE(observer->answers().empty());
}

TEST_P(BothProtocols, results_are_read_however_strange_their_file_is) {
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

TEST_P(BothProtocols, lines_that_are_lost_broken_or_contradictory_are_not_answered) {
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

TEST_P(BothProtocols, polls_are_repeated_through_failures_of_every_kind) {
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

TEST_P(BothProtocols, our_empty_account_is_no_items_fault) {
  const bool anthropic = GetParam() == Protocol::anthropic;
  const std::string name = anthropic ? "credit_balance_too_low" : "insufficient_quota";
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    World world(R"([{"match":{},"fault":{"kind":"item_error","name":")" + name + R"("}}])");
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), mode, 20, Operation::messages), observer);
    const AttemptEnd end = observer->wait_for_end();
    EXPECT_EQ(end.how, LaneEnd::failed);
    EXPECT_EQ(end.reason, "provider_billing");
    EXPECT_EQ(end.trouble, Trouble::blocked);
    EXPECT_TRUE(observer->answers().empty());
  }
}

TEST_P(BothProtocols, item_that_the_provider_refuses_is_at_fault_alone) {
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    World world(
        R"([{"match":{"text":"item-3-end"},"fault":{"kind":"item_error","status":400,"type":"invalid_request_error","message":"temperature is too hot"}}])");
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), mode, 5, Operation::messages), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    EXPECT_EQ(observer->count(Verdict::succeeded), 4U);
    const LaneAnswer& refused = observer->answers().at(3);
    EXPECT_EQ(refused.verdict, Verdict::item_fault);
    EXPECT_EQ(refused.error_code, "invalid_request");
    EXPECT_EQ(refused.error_message, "The provider refused this request: temperature is too hot");
  }
}

TEST_P(BothProtocols, rate_limits_are_waited_for) {
  World world(R"([{"match":{"via":"call","method":"POST","from":1,"count":12},"fault":{"kind":"status",
              "name":"rate_limited","headers":{"retry-after":"0","retry-after-ms":"20"}}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::sync, 30, Operation::messages), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  expect_own_answers(*observer, 30);
}

TEST_P(BothProtocols, rate_limit_that_lasts_ends_the_attempt_as_busy) {
  World world(R"([{"match":{"via":"call","method":"POST"},"fault":{"kind":"status",
              "name":"rate_limited","headers":{"retry-after":"3600"}}}])");
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), mode, 30, Operation::messages), observer);
    const AttemptEnd end = observer->wait_for_end();
    EXPECT_EQ(end.how, LaneEnd::failed);
    EXPECT_EQ(end.trouble, Trouble::busy);
    ASSERT_TRUE(end.retry_after);
    EXPECT_GT(end.retry_after->count(), 3500);
    EXPECT_TRUE(observer->answers().empty());
  }
}

TEST_P(BothProtocols, provider_that_fails_throughout_is_down_and_blames_no_item) {
  World world(R"([{"match":{"via":"call"},"fault":{"kind":"status","status":500}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::sync, 40, Operation::messages), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::failed);
  EXPECT_EQ(end.trouble, Trouble::down);
  EXPECT_TRUE(observer->answers().empty());
}

// If this failed, one request that a provider cannot digest would close it for everybody.
TEST_P(BothProtocols, item_that_always_fails_is_tried_within_bounds_and_closes_no_lane) {
  World world(R"([{"match":{"via":"call"},"fault":{"kind":"status","status":500}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::sync, 1, Operation::messages), observer);
  const AttemptEnd end = observer->wait_for_end();
  EXPECT_EQ(end.how, LaneEnd::finished);
  EXPECT_EQ(end.trouble, Trouble::none);
  ASSERT_EQ(observer->answers().size(), 1U);
  EXPECT_EQ(observer->answers().at(0).verdict, Verdict::transient);
}

TEST_P(BothProtocols, lost_answer_of_a_call_is_unknown_and_failures_are_tried_again) {
  World world(R"([{"match":{"text":"item-1-end","nth":1},"fault":{"kind":"item_error","status":503}},
                  {"match":{"via":"call","method":"POST","nth":5},"fault":{"kind":"reset_mid_body"}}])");
  ProviderLane lane = world.lane(GetParam());
  const auto observer = std::make_shared<RecordingObserver>();
  lane.start(attempt_of(GetParam(), core::Mode::sync, 20, Operation::messages), observer);
  EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
  EXPECT_EQ(observer->count(Verdict::unknown), 1U);
  EXPECT_EQ(observer->count(Verdict::succeeded), 19U);
}

TEST_P(BothProtocols, leaving_ends_at_once_and_touches_nothing) {
  World world(R"([{"match":{"via":"call"},"fault":{"kind":"hang","seconds":60}}])");
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    const auto observer = std::make_shared<RecordingObserver>();
    {
      ProviderLane lane = world.lane(GetParam());
      lane.start(attempt_of(GetParam(), mode, 3, Operation::messages), observer);
    }
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::stopped);
  }
}

TEST_P(BothProtocols, nobody_listening_is_down) {
  World world;
  ProviderSettings settings = settings_for(GetParam(), "http://127.0.0.1:1");
  settings.busy_wait_max = milliseconds(500);
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    ProviderLane lane = world.lane(settings);
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), mode, 3, Operation::messages), observer);
    const AttemptEnd end = observer->wait_for_end();
    EXPECT_EQ(end.trouble, Trouble::down);
    EXPECT_TRUE(observer->answers().empty());
  }
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

TEST(ProviderLane, embeddings_are_answered_in_both_modes) {
  World world;
  ProviderLane lane = world.lane(Protocol::openai);
  for (const core::Mode mode : {core::Mode::sync, core::Mode::batch}) {
    const auto observer = std::make_shared<RecordingObserver>();
    Attempt attempt = attempt_of(Protocol::openai, mode, 4, Operation::embeddings);
    attempt.provider_model = "text-embedding-3-small";
    lane.start(std::move(attempt), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    EXPECT_EQ(observer->count(Verdict::succeeded), 4U);
    for (const auto& [number, answer] : observer->answers()) {
      EXPECT_EQ(answer.text.substr(0, 1), "[");
      EXPECT_GT(answer.usage.input_tokens, 0);
    }
  }
}

TEST(ProviderLane, usage_that_cannot_be_is_no_usage) {
  for (const std::string usage : {R"("value":"missing")", R"("value":"over_cap")", R"("set":-5)", R"("set":"12")",
                                  R"("set":1.5)", R"("set":null)", R"("set":9223372036854775808)"}) {
    World world(R"([{"match":{},"fault":{"kind":"usage",)" + usage + "}}]");
    ProviderLane lane = world.lane(Protocol::anthropic);
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(Protocol::anthropic, core::Mode::sync, 1, Operation::messages), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished);
    const LaneAnswer& answer = observer->answers().at(0);
    EXPECT_EQ(answer.verdict, Verdict::succeeded) << usage;
    EXPECT_EQ(answer.usage.input_tokens, 0) << usage;
    EXPECT_EQ(answer.usage.output_tokens, 0) << usage;
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

// A lane to a server that a test scripts itself.
struct Scripted {
  explicit Scripted(http_client::TestHttpServer::Handler handler) : server(std::move(handler)) {}

  std::shared_ptr<RecordingObserver> run(Attempt attempt, const std::function<void(ProviderSettings&)>& change = {}) {
    ProviderSettings settings = settings_for(protocol, "http://127.0.0.1:" + std::to_string(server.port()));
    if (change) change(settings);
    ProviderLane lane({pool.get_executor(), http, log, metrics, &now, [](const std::string&) { return false; }},
                      std::move(settings));
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(std::move(attempt), observer);
    observer->wait_for_end();
    return observer;
  }

  Protocol protocol = Protocol::openai;
  processors::testing::NullLog log;
  processors::testing::NullMetrics metrics;
  http_client::TestHttpServer server;
  http_client::HttpClient http;
  boost::asio::thread_pool pool{2};
};

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

TEST(ProviderLane, compatible_server_is_asked_in_the_words_that_it_knows) {
  std::mutex mutex;
  std::vector<http_client::ReceivedRequest> requests;
  Scripted world([&](const http_client::ReceivedRequest& request, http_client::TestConnection& connection) {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    connection.reply(200, R"({"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]})");
  });
  world.protocol = Protocol::openai_compatible;
  const auto observer = world.run(attempt_of(Protocol::openai, core::Mode::sync, 1, Operation::responses),
                                  [](ProviderSettings& settings) {
                                    settings.path_prefix = "/openai/v1";
                                    settings.api_key = {};
                                  });
  EXPECT_EQ(observer->answers().at(0).text, "yes");
  EXPECT_EQ(observer->answers().at(0).usage.output_tokens, 0);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].target, "/openai/v1/chat/completions");
  EXPECT_FALSE(requests[0].headers.contains("authorization"));
  EXPECT_NE(requests[0].body.find(R"("max_tokens":64)"), std::string::npos) << requests[0].body;
  EXPECT_EQ(requests[0].body.find("max_completion_tokens"), std::string::npos) << requests[0].body;
}

TEST(ProviderLane, serves_its_own_provider_in_the_modes_that_are_switched_on) {
  World world;
  ProviderSettings settings = settings_for(Protocol::openai, world.simulator.url());
  settings.batch = false;
  const ProviderLane lane = world.lane(settings);
  EXPECT_TRUE(lane.serves(core::ProviderId("openai"), core::Mode::sync));
  EXPECT_FALSE(lane.serves(core::ProviderId("openai"), core::Mode::batch));
  EXPECT_FALSE(lane.serves(core::ProviderId("anthropic"), core::Mode::sync));
}

TEST_P(BothProtocols, nothing_that_a_server_does_is_an_items_fault) {
  const std::string kinds[] = {R"("html","status":200)",
                               R"("html","status":502)",
                               R"("empty","status":200)",
                               R"("redirect")",
                               R"("gzip_bomb","megabytes":1)",
                               R"("endless","bytes":40000000)",
                               R"("reset")",
                               R"("close")",
                               R"("lost_answer")",
                               R"("status","status":400,"body":"<html>bad</html>")",
                               R"("status","status":529)",
                               R"("error_in_200","name":"overloaded")"};
  for (const std::string& kind : kinds) {
    World world(R"([{"match":{"via":"call","method":"POST","nth":2},"fault":{"kind":)" + kind + "}}]");
    ProviderLane lane = world.lane(GetParam());
    const auto observer = std::make_shared<RecordingObserver>();
    lane.start(attempt_of(GetParam(), core::Mode::sync, 5, Operation::messages), observer);
    EXPECT_EQ(observer->wait_for_end().how, LaneEnd::finished) << kind;
    EXPECT_EQ(observer->answers().size(), 5U) << kind;
    EXPECT_GE(observer->count(Verdict::succeeded), 4U) << kind;
    EXPECT_EQ(observer->count(Verdict::item_fault), 0U) << kind;
  }
}

}  // namespace
}  // namespace adapters::providers
