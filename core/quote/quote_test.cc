#include <gtest/gtest.h>

#include "core/quote/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::quote {
namespace {

using namespace core::testing;

const QuoteId one("qlock_one");

Scenario with_quote() {
  Scenario scenario(acme);
  scenario.given(verified_org(acme, cents(100'00)));
  scenario.carry_out(lock_quote("one", plan(2, 5, cents(40'00))));
  return scenario;
}

std::optional<ErrorCode> refusal_to_use(const Scenario& scenario, const OrgId& org, const QuoteId& quote) {
  const auto open = find_open(scenario.state, scenario.now, org, quote);
  return open.has_error() ? std::optional(open.error().code) : std::nullopt;
}

TEST(LockQuote, locks_once_for_the_quote_window) {
  Scenario scenario = with_quote();
  EXPECT_EQ(scenario.row<Quote>({acme, one}).expires_at, scenario.now + scenario.policy.quote_window);
  LockQuote again = lock_quote("one", plan(2, 5, cents(1)));
  EXPECT_TRUE(scenario.carry_out(again).replayed);
  EXPECT_EQ(scenario.row<Quote>({acme, one}).plan.total, cents(40'00));
}

// Broken: a quote could be used after its price has lapsed, or by somebody else.
TEST(Quote, is_open_to_its_org_until_it_expires) {
  Scenario scenario = with_quote();
  EXPECT_EQ(refusal_to_use(scenario, acme, one), std::nullopt);
  EXPECT_EQ(refusal_to_use(scenario, other_org, one), ErrorCode::quote_not_found);
  EXPECT_EQ(refusal_to_use(scenario, acme, QuoteId("qlock_two")), ErrorCode::quote_not_found);

  scenario.now += scenario.policy.quote_window - Duration(1);
  EXPECT_EQ(refusal_to_use(scenario, acme, one), std::nullopt);
  EXPECT_TRUE(scenario.due().empty());
  scenario.now += Duration(1);
  EXPECT_EQ(refusal_to_use(scenario, acme, one), ErrorCode::quote_expired) << "before its timer has fired";
  ASSERT_EQ(scenario.due().size(), 1u);
  EXPECT_TRUE(are<QuoteExpired>(scenario.carry_out(scenario.due()[0]).events));
  EXPECT_EQ(refusal_to_use(scenario, acme, one), ErrorCode::quote_expired);
  EXPECT_TRUE(scenario.carry_out(ExpireQuote{acme, one}).replayed);
}

TEST(Quote, that_was_used_stays_used_when_its_timer_fires) {
  Scenario scenario = with_quote();
  scenario.carry_out(submit("one"));
  scenario.now += scenario.policy.quote_window;
  EXPECT_EQ(refusal_to_use(scenario, acme, one), ErrorCode::quote_consumed);
  EXPECT_TRUE(scenario.carry_out(ExpireQuote{acme, one}).replayed);
  EXPECT_EQ(scenario.row<Quote>({acme, one}).batch, BatchId("bat_one"));
}

TEST(QuoteFold, refuses_a_quote_used_or_expired_twice) {
  Scenario scenario = with_quote();
  EXPECT_FALSE(scenario.folds(QuoteConsumed{acme, QuoteId("qlock_two"), BatchId("bat_one")}));
  scenario.given({QuoteConsumed{acme, one, BatchId("bat_one")}});
  EXPECT_FALSE(scenario.folds(QuoteConsumed{acme, one, BatchId("bat_two")}));
  EXPECT_FALSE(scenario.folds(QuoteExpired{acme, one}));
}

TEST(Terms, keep_every_member_of_the_header_that_events_may_hold) {
  ManifestHeader header;
  header.sla_tier = SlaTier::economy;
  header.routing_mode = RoutingMode::quality;
  header.privacy_tier = PrivacyTier::zero_retention;
  header.allowed_regions = {"eu", "us"};
  header.priority = 7;
  header.dedupe = true;
  header.run_after = Timestamp(Duration(1));
  header.deadline = Timestamp(Duration(2));
  const Terms expected{
      SlaTier::economy,       RoutingMode::quality,  PrivacyTier::zero_retention, {"eu", "us"}, 7, true,
      Timestamp(Duration(1)), Timestamp(Duration(2))};
  EXPECT_EQ(terms_of(header), expected);
}

}  // namespace
}  // namespace core::quote
