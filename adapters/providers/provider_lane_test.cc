// If this failed: customers' items would fail for our own account or for a provider's bad day, and attempts never end.
#include "adapters/providers/provider_lane.h"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "adapters/providers/test_lane_world.h"

namespace adapters::providers {
namespace {

using namespace testing;

class BothProtocols : public ::testing::TestWithParam<Protocol> {};
INSTANTIATE_TEST_SUITE_P(ProviderLane, BothProtocols, ::testing::Values(Protocol::openai, Protocol::anthropic),
                         [](const auto& which) { return which.param == Protocol::openai ? "openai" : "anthropic"; });

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

// A lane to a server that a test scripts itself.

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
