#include <gtest/gtest.h>

#include <set>

#include "core/testing/samples.h"
#include "core/testing/scenario.h"
#include "core/webhook/rules.h"

namespace core::webhook {
namespace {

using namespace core::testing;

const DeliveryId message("msg_one");

Scenario with_delivery() {
  Scenario scenario(acme);
  scenario.given({DeliveryScheduled{acme, message, BatchId("bat_one"), "batch.completed", Sealed("target")}});
  return scenario;
}

RecordDelivery report(std::uint32_t attempt, int status) {
  return {acme, message, AttemptNumber(attempt), status, status == 0 ? "time_out" : "", std::nullopt};
}

const Delivery& delivery(const Scenario& scenario) {
  return scenario.row<Delivery>({acme, message});
}

TEST(Delivery, ends_with_the_first_success) {
  Scenario scenario = with_delivery();
  EXPECT_TRUE(scenario.outstanding("deliver/msg_one"));
  EXPECT_TRUE(are<DeliverySucceeded>(scenario.carry_out(report(1, 204)).events));
  EXPECT_FALSE(scenario.outstanding("deliver/msg_one"));
  EXPECT_EQ(delivery(scenario).phase, Phase::delivered);
  EXPECT_EQ(scenario.refusal(report(2, 500)), ErrorCode::stale_report);
  EXPECT_TRUE(scenario.carry_out(RetryDelivery{acme, message, AttemptNumber(1)}).replayed);
  EXPECT_FALSE(scenario.folds(DeliveryExhausted{acme, message, AttemptNumber(2), 500, ""}));
}

// Broken: receivers that are down for a while would lose events, or be hammered.
TEST(Delivery, is_retried_on_schedule_until_the_schedule_is_used_up) {
  Scenario scenario = with_delivery();
  std::uint32_t attempt = 0;
  for (const Duration& delay : scenario.policy.webhook_retry_schedule) {
    ++attempt;
    const Decision failed = scenario.carry_out(report(attempt, attempt % 2 == 0 ? 0 : 503));
    const Duration waits = the<DeliveryFailed>(failed.events).retry_at - scenario.now;
    EXPECT_GE(waits, delay);
    EXPECT_LE(waits, delay + delay / 10);
    EXPECT_FALSE(scenario.outstanding("deliver/msg_one"));
    EXPECT_EQ(delivery(scenario).next_at, scenario.now + waits);

    scenario.now += waits;
    const Command retry = RetryDelivery{acme, message, AttemptNumber(attempt)};
    const std::vector<Command> due = scenario.due();
    ASSERT_EQ(std::get<RetryDelivery>(due.back()).attempt, AttemptNumber(attempt));
    EXPECT_TRUE(are<DeliveryRetried>(scenario.carry_out(retry).events));
    EXPECT_TRUE(scenario.outstanding("deliver/msg_one"));
  }
  EXPECT_TRUE(are<DeliveryExhausted>(scenario.carry_out(report(++attempt, 503)).events));
  EXPECT_EQ(attempt, 10u);
  EXPECT_EQ(delivery(scenario).phase, Phase::exhausted);
  EXPECT_EQ(delivery(scenario).last_status, 503);
  EXPECT_FALSE(scenario.outstanding("deliver/msg_one"));
}

TEST(Delivery, stops_at_once_when_the_receiver_is_gone) {
  Scenario scenario = with_delivery();
  EXPECT_TRUE(are<DeliveryExhausted>(scenario.carry_out(report(1, 410)).events));
  EXPECT_TRUE(scenario.state.all<Timer>().empty());
}

TEST(Delivery, waits_as_long_as_the_receiver_asks_within_a_day) {
  const auto waits_for = [](Duration retry_after) {
    Scenario scenario = with_delivery();
    RecordDelivery busy = report(1, 429);
    busy.retry_after = retry_after;
    return the<DeliveryFailed>(scenario.carry_out(busy).events).retry_at - scenario.now;
  };
  EXPECT_EQ(waits_for(std::chrono::minutes(7)), std::chrono::minutes(7));
  EXPECT_EQ(waits_for(std::chrono::hours(1'000)), std::chrono::hours(24));
  EXPECT_GE(waits_for(std::chrono::seconds(1)), std::chrono::seconds(5)) << "never sooner than the schedule";
  EXPECT_GE(waits_for(std::chrono::seconds(-9)), std::chrono::seconds(5));
}

TEST(Delivery, takes_one_report_for_each_try) {
  Scenario scenario = with_delivery();
  EXPECT_EQ(scenario.refusal(report(0, 200)), ErrorCode::stale_report);
  EXPECT_EQ(scenario.refusal(report(2, 200)), ErrorCode::stale_report);
  scenario.carry_out(report(1, 500));
  EXPECT_EQ(scenario.refusal(report(1, 200)), ErrorCode::stale_report);
  RecordDelivery unknown = report(1, 200);
  unknown.delivery = DeliveryId("msg_two");
  EXPECT_EQ(scenario.refusal(unknown), ErrorCode::stale_report);
}

TEST(Delivery, retries_spread_so_that_one_outage_ends_in_no_stampede) {
  std::set<Duration> waits;
  for (int i = 0; i < 20; ++i) {
    Scenario scenario(acme);
    const DeliveryId id("msg_" + std::to_string(i));
    scenario.given({DeliveryScheduled{acme, id, BatchId("bat_one"), "batch.completed", Sealed("target")}});
    const RecordDelivery failed{acme, id, AttemptNumber(1), 500, "", std::nullopt};
    waits.insert(the<DeliveryFailed>(scenario.carry_out(failed).events).retry_at - scenario.now);
  }
  EXPECT_GT(waits.size(), 10u);
}

TEST(Delivery, replayed_by_an_operator_has_its_whole_schedule_again) {
  Scenario scenario = with_delivery();
  EXPECT_EQ(scenario.refusal(ReplayDelivery{other_org, message, "kim"}), ErrorCode::not_found);
  EXPECT_TRUE(scenario.when(ReplayDelivery{acme, message, "kim"})->replayed) << "it is on its way";
  scenario.carry_out(report(1, 410));
  EXPECT_TRUE(are<DeliveryReplayed>(scenario.carry_out(ReplayDelivery{acme, message, "kim"}).events));
  EXPECT_TRUE(scenario.outstanding("deliver/msg_one"));
  for (std::uint32_t attempt = 2; attempt <= 10; ++attempt) {
    EXPECT_TRUE(are<DeliveryFailed>(scenario.carry_out(report(attempt, 503)).events));
    scenario.given({DeliveryRetried{acme, message, AttemptNumber(attempt)}});
  }
  EXPECT_TRUE(are<DeliveryExhausted>(scenario.carry_out(report(11, 503)).events));
}

TEST(WebhookFold, refuses_events_of_unknown_deliveries) {
  Scenario scenario(acme);
  EXPECT_FALSE(scenario.folds(DeliverySucceeded{acme, message, AttemptNumber(1), 200}));
  EXPECT_FALSE(scenario.folds(DeliveryFailed{acme, message, AttemptNumber(1), 500, "", {}}));
  EXPECT_FALSE(scenario.folds(DeliveryRetried{acme, message, AttemptNumber(1)}));
}

}  // namespace
}  // namespace core::webhook
