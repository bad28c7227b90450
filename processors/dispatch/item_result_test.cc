#include "processors/dispatch/item_result.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/tokens.h"
#include "processors/testing/fake_lane.h"

namespace processors {
namespace {

using core::Money;
using schemas::ItemOutcome;

const core::AttemptNumber second(2);

schemas::WorkItem work() {
  schemas::WorkItem work;
  work.item.number = 3;
  work.item.customer_item_id = "item_3";
  work.item.metadata = R"({"k":1})";
  work.item.input_tokens = 40;
  work.ceiling = Money::from_nanos(1'000);
  return work;
}

core::quote::Route route() {
  core::quote::Route route;
  route.provider = core::ProviderId("lab");
  route.model = core::ModelSlug("small");
  route.prices = {core::TokenPrice::from_picos(1'000), core::TokenPrice::from_picos(100),
                  core::TokenPrice::from_picos(4'000)};  // 1, 0.1 and 4 nano-USD a token
  return route;
}

AnsweringLane lane() {
  AnsweringLane lane;
  lane.lane = core::quote::lanes_of(route()).front();
  return lane;
}

LaneAnswer answer() {
  LaneItem item;
  item.number = 3;
  LaneAnswer answer = testing::answer_with(item, Verdict::succeeded);
  answer.usage = {100, 20, 10};
  return answer;
}

schemas::ItemResult result(const LaneAnswer& answer, const schemas::WorkItem& item = work()) {
  const auto result = result_of(item, answer, route(), lane(), second);
  EXPECT_TRUE(result.has_value());
  return result.value_or(schemas::ItemResult{});
}

TEST(ItemResult, CostsWhatWasUsedAtTheLockedPrices) {
  const schemas::ItemResult given = result(answer());
  EXPECT_EQ(given.outcome, ItemOutcome::succeeded);
  EXPECT_EQ(given.number, 3u);
  EXPECT_EQ(given.customer_item_id, "item_3");
  EXPECT_EQ(given.metadata, R"({"k":1})");
  EXPECT_EQ(given.text, "answer 3");
  EXPECT_EQ(given.model.value(), "small");
  EXPECT_EQ(given.attempts, 2u);
  EXPECT_EQ(given.cost, Money::from_nanos(80 + 2 + 40));
  EXPECT_EQ(given.review_reason, "");
}

// If this failed, a batch could cost more than was quoted.
TEST(ItemResult, NeverCostsMoreThanItsCeiling) {
  LaneAnswer large = answer();
  large.usage = {100, 0, 226};
  EXPECT_EQ(result(large).cost, Money::from_nanos(1'000)) << "1004 came of it";
  large.usage = {100, 0, 225};
  EXPECT_EQ(result(large).cost, Money::from_nanos(1'000)) << "to the last digit";
  large.usage = {100, 0, 224};
  EXPECT_EQ(result(large).cost, Money::from_nanos(996));
}

TEST(ItemResult, UsageThatCannotBeIsEstimatedAndReviewed) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const Usage usage : {Usage{}, Usage{0, 0, 5}, Usage{-1, 0, 5}, Usage{10, 0, -1}, Usage{10, -1, 5},
                            Usage{10, 11, 5}, Usage{most, 0, 5}, Usage{10, 0, most}, Usage{most, most, most},
                            Usage{10, 0, (1 << 24) + 1}, Usage{std::numeric_limits<std::int64_t>::min(), 0, 0}}) {
    LaneAnswer odd = answer();
    odd.usage = usage;
    const schemas::ItemResult given = result(odd);
    EXPECT_EQ(given.review_reason, "usage_implausible");
    EXPECT_EQ(given.input_tokens, 40);
    EXPECT_EQ(given.cached_tokens, 0);
    EXPECT_EQ(given.output_tokens, core::count_tokens("answer 3"));
    EXPECT_EQ(given.cost, Money::from_nanos(40 + 4 * core::count_tokens("answer 3")));
  }
}

TEST(ItemResult, EmbeddingsHaveNoOutputTokensToEstimate) {
  schemas::WorkItem embedding = work();
  embedding.item.operation = core::Operation::embeddings;
  LaneAnswer vector = answer();
  vector.text = "[0.1,0.2]";
  vector.finish_reason.clear();
  vector.usage = {};
  EXPECT_EQ(result(vector, embedding).output_tokens, 0);
  vector.usage = {8, 0, 0};
  EXPECT_EQ(result(vector, embedding).review_reason, "");
  EXPECT_EQ(result(vector, embedding).cost, Money::from_nanos(8));
}

TEST(ItemResult, WhatAPersonShouldLookAt) {
  const auto reason = [](const std::string& finish_reason, const std::string& text) {
    LaneAnswer odd = answer();
    odd.finish_reason = finish_reason;
    odd.text = text;
    return result(odd).review_reason;
  };
  EXPECT_EQ(reason("stop", "text"), "");
  EXPECT_EQ(reason("length", "text"), "truncated");
  EXPECT_EQ(reason("length", ""), "truncated");
  EXPECT_EQ(reason("refusal", "no"), "refusal");
  EXPECT_EQ(reason("content_filter", ""), "content_filter");
  EXPECT_EQ(reason("tool_calls", ""), "");
}

TEST(ItemResult, VerdictsSettleOrDoNot) {
  LaneAnswer odd = testing::answer_with({}, Verdict::item_fault);
  odd.usage = {100, 0, 10};
  const schemas::ItemResult failed = result(odd);
  EXPECT_EQ(failed.outcome, ItemOutcome::failed);
  EXPECT_EQ(failed.cost, Money{});
  EXPECT_EQ(failed.input_tokens, 0);
  EXPECT_EQ(failed.error_code, "refused");
  EXPECT_EQ(failed.error_message, "The provider says no.");
  for (const Verdict verdict : {Verdict::transient, Verdict::lane_fault, Verdict::unknown}) {
    odd.verdict = verdict;
    EXPECT_FALSE(result_of(work(), odd, route(), lane(), second));
  }
}

// If this failed, the wrong party would pay for a detour over a dearer lane.
TEST(ItemResult, AnotherLaneIsPaidByUsAndChargedAsQuoted) {
  AnsweringLane dearer = lane();
  dearer.lane.provider = core::ProviderId("other");
  dearer.lane.model = core::ModelSlug("large");
  dearer.lane.mode = core::Mode::sync;
  dearer.lane.prices = {core::TokenPrice::from_picos(10'000), core::TokenPrice::from_picos(10'000),
                        core::TokenPrice::from_picos(40'000)};
  const auto given = result_of(work(), answer(), route(), dearer, second);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->cost, Money::from_nanos(80 + 2 + 40));
  EXPECT_EQ(given->provider_cost, Money::from_nanos(1'000 + 400));
  EXPECT_EQ(given->provider.value(), "other");
  EXPECT_EQ(given->model.value(), "large");
}

TEST(ItemResult, AnswersAreVerifiedBeforeTheyCount) {
  const schemas::dialect::OutputContract number{
      R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}})"};
  const auto fault = [&](const std::string& finish_reason, const std::string& text,
                         const std::string& tool_calls = "") {
    LaneAnswer odd = answer();
    odd.finish_reason = finish_reason;
    odd.text = text;
    odd.tool_calls = tool_calls;
    return fault_of_output(result(odd), number);
  };
  EXPECT_EQ(fault("stop", R"({"n":1})"), std::nullopt);
  EXPECT_EQ(fault("stop", ""), "empty_output");
  EXPECT_EQ(fault("stop", "n is 1"), "not_json");
  EXPECT_EQ(fault("stop", R"({"n":"one"})"), "schema_mismatch");
  EXPECT_EQ(fault("length", R"({"n":)"), std::nullopt) << "asking again would end the same way: for a person to see";
  EXPECT_EQ(fault("refusal", ""), std::nullopt);
  EXPECT_EQ(fault("tool_calls", "", R"([{"id":"1"}])"), std::nullopt);
  const schemas::ItemResult failed = failed_verification(result(answer()), "not_json");
  EXPECT_EQ(failed.cost, Money{});
  EXPECT_GT(failed.provider_cost, Money{});
}

TEST(ItemResult, EqualItemsAreAnsweredButNotCharged) {
  schemas::WorkItem equal = work();
  equal.item.number = 9;
  equal.item.customer_item_id = "item_9";
  const schemas::ItemResult given = result_of_equal(equal, result(answer()));
  EXPECT_EQ(given.text, "answer 3");
  EXPECT_EQ(given.number, 9u);
  EXPECT_EQ(given.duplicate_of, "item_3");
  EXPECT_EQ(given.cost, Money{});
  EXPECT_EQ(given.input_tokens, 0);
}

TEST(ItemResult, WithoutAnAnswerNothingIsCharged) {
  for (const auto& [outcome, code] :
       {std::pair(ItemOutcome::cancelled, "batch_cancelled"), std::pair(ItemOutcome::expired, "batch_expired"),
        std::pair(ItemOutcome::exhausted, "attempts_exhausted")}) {
    const schemas::ItemResult none = result_without_answer(work(), outcome, second);
    EXPECT_EQ(none.outcome, outcome);
    EXPECT_EQ(none.error_code, code);
    EXPECT_FALSE(none.error_message.empty());
    EXPECT_EQ(none.cost, Money{});
    EXPECT_EQ(none.customer_item_id, "item_3");
    EXPECT_EQ(none.attempts, 2u);
  }
}

}  // namespace
}  // namespace processors
