#include <gtest/gtest.h>

#include "core/ledger/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::parking {
namespace {

using namespace core::testing;

const CommandId parked("grant/one");

Scenario with_parked_grant() {
  Scenario scenario(acme);
  scenario.given(verified_org(acme, {}));
  scenario.given({CommandParked{parked, ledger::GrantCredits{acme, "one", cents(5'00)}, "it did not fit"}});
  return scenario;
}

TEST(Parked, keeps_the_command_and_its_place) {
  const Scenario scenario = with_parked_grant();
  const Parked& row = scenario.row<Parked>({parked});
  EXPECT_EQ(row.aggregate, aggregate_of(acme));
  EXPECT_EQ(row.reason, "it did not fit");
  EXPECT_EQ(row.parked_at, scenario.now);
}

TEST(Parked, retried_does_what_the_command_says_and_is_gone) {
  Scenario scenario = with_parked_grant();
  const Decision decision = scenario.carry_out(RetryParked{parked, "kim", "mended"});
  EXPECT_TRUE((are<ParkedRetried, ledger::TransferPosted>(decision.events)));
  EXPECT_EQ(the<ParkedRetried>(decision.events).ordered_by, "kim");
  EXPECT_EQ(ledger::balance(scenario.state, ledger::available(acme)), cents(5'00));
  EXPECT_EQ(scenario.refusal(RetryParked{parked, "kim", "again"}), ErrorCode::not_found);
}

TEST(Parked, stays_when_its_command_is_refused) {
  Scenario scenario(acme);
  scenario.given({CommandParked{parked, ledger::GrantCredits{acme, "one", cents(5'00)}, "it did not fit"}});
  EXPECT_EQ(scenario.refusal(RetryParked{parked, "kim", "too early"}), ErrorCode::not_found) << "there is no such org";
  EXPECT_EQ(scenario.state.all<Parked>().size(), 1u);
}

TEST(Parked, dropped_does_nothing_and_is_gone) {
  Scenario scenario = with_parked_grant();
  EXPECT_TRUE(are<ParkedDropped>(scenario.carry_out(DropParked{parked, "kim", "a test"}).events));
  EXPECT_EQ(ledger::balance(scenario.state, ledger::available(acme)), Money{});
  EXPECT_EQ(scenario.refusal(DropParked{parked, "kim", "again"}), ErrorCode::not_found);
}

}  // namespace
}  // namespace core::parking
