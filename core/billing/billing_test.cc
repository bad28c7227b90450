#include <gtest/gtest.h>

#include "core/billing/rules.h"
#include "core/ledger/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::billing {
namespace {

using namespace core::testing;

const CheckoutId checkout("chk_1");
const PaymentId payment("pi_1");

Scenario opened() {
  Scenario scenario(acme);
  scenario.given(verified_org(acme, {}));
  scenario.carry_out(OpenCheckout{acme, checkout, "credit_25", cents(25'00), "stripe"});
  scenario.carry_out(RecordCheckoutPage{acme, checkout, "cs_1", "https://pay.test/1", scenario.now});
  return scenario;
}

Scenario paid() {
  Scenario scenario = opened();
  scenario.carry_out(PayCheckout{acme, checkout, payment, cents(25'00)});
  return scenario;
}

Money credits(const Scenario& scenario) {
  return ledger::balance(scenario.state, ledger::available(acme));
}

void spend(Scenario& scenario, Money amount) {
  const BatchId batch("bat_1");
  scenario.given({*ledger::reserve(scenario.state, acme, batch, amount)});
  scenario.given(*ledger::settle(scenario.state, acme, batch, amount));
}

Money sum_of_accounts(const Scenario& scenario) {
  Money sum;
  for (const auto& [key, account] : scenario.state.all<ledger::Account>()) sum = sum + account.balance;
  return sum;
}

MoveDispute dispute(bool reinstated) {
  return {acme, checkout, "dp_1", cents(25'00), reinstated};
}

// Broken: one payment would give credits twice, or another amount than was paid.
TEST(PayCheckout, credits_the_pack_exactly_once) {
  Scenario scenario = opened();
  EXPECT_EQ(scenario.refusal(PayCheckout{acme, checkout, payment, cents(24'99)}), ErrorCode::payment_mismatch);
  EXPECT_EQ(scenario.refusal(PayCheckout{acme, CheckoutId("chk_2"), payment, cents(25'00)}),
            ErrorCode::checkout_not_found);
  const Decision first = scenario.carry_out(PayCheckout{acme, checkout, payment, cents(25'00)});
  ASSERT_TRUE((are<CheckoutPaid, ledger::TransferPosted>(first.events)));
  EXPECT_TRUE(scenario.carry_out(PayCheckout{acme, checkout, payment, cents(25'00)}).replayed);
  EXPECT_EQ(scenario.refusal(PayCheckout{acme, checkout, PaymentId("pi_2"), cents(25'00)}),
            ErrorCode::payment_mismatch);
  EXPECT_EQ(credits(scenario), cents(25'00));
  EXPECT_EQ(scenario.row<ledger::Book>({acme}).topped_up, cents(25'00));
}

TEST(PayCheckout, counts_even_after_the_page_was_closed) {
  Scenario scenario = opened();
  scenario.carry_out(CloseCheckout{acme, checkout, "expired"});
  EXPECT_EQ(scenario.row<Checkout>({acme, checkout}).phase, CheckoutPhase::closed);
  scenario.carry_out(PayCheckout{acme, checkout, payment, cents(25'00)});
  EXPECT_EQ(scenario.row<Checkout>({acme, checkout}).phase, CheckoutPhase::paid);
  EXPECT_TRUE(scenario.carry_out(CloseCheckout{acme, checkout, "expired"}).replayed);
  EXPECT_EQ(credits(scenario), cents(25'00));
}

TEST(OpenCheckout, is_the_same_again_for_the_same_pack_only) {
  Scenario scenario = opened();
  EXPECT_TRUE(scenario.carry_out(OpenCheckout{acme, checkout, "credit_25", cents(25'00), "stripe"}).replayed);
  EXPECT_EQ(scenario.refusal(OpenCheckout{acme, checkout, "credit_10", cents(10'00), "stripe"}),
            ErrorCode::idempotency_conflict);
  EXPECT_EQ(scenario.refusal(OpenCheckout{acme, checkout, "credit_25", cents(25'00), "stripe", Digest("other URLs")}),
            ErrorCode::idempotency_conflict);
  EXPECT_TRUE(scenario.carry_out(RecordCheckoutPage{acme, checkout, "cs_2", "", {}}).replayed);
  EXPECT_EQ(scenario.row<Checkout>({acme, checkout}).session, "cs_1");
}

// Refunds are told as sums so far: late, doubled or out of order, the last word counts.
TEST(RefundCheckout, takes_back_each_cent_once_and_never_what_was_spent) {
  Scenario scenario = paid();
  spend(scenario, cents(20'00));
  scenario.carry_out(RefundCheckout{acme, checkout, cents(4'00)});
  EXPECT_EQ(credits(scenario), cents(1'00));
  EXPECT_TRUE(scenario.carry_out(RefundCheckout{acme, checkout, cents(3'00)}).replayed);
  EXPECT_TRUE(scenario.carry_out(RefundCheckout{acme, checkout, cents(4'00)}).replayed);
  scenario.carry_out(RefundCheckout{acme, checkout, cents(99'00)});  // never more than was paid
  EXPECT_EQ(credits(scenario), Money{});
  EXPECT_EQ(scenario.row<Checkout>({acme, checkout}).refunded, cents(25'00));
  EXPECT_EQ(ledger::balance(scenario.state, ledger::losses()), cents(-20'00));
  EXPECT_EQ(ledger::balance(scenario.state, ledger::funding()), Money{});
  EXPECT_EQ(scenario.row<ledger::Book>({acme}).refunded, cents(5'00));
  EXPECT_EQ(sum_of_accounts(scenario), Money{});
}

TEST(MoveDispute, takes_and_returns_the_same_money) {
  Scenario scenario = paid();
  spend(scenario, cents(10'00));
  scenario.carry_out(dispute(false));
  EXPECT_TRUE(scenario.carry_out(dispute(false)).replayed);
  EXPECT_EQ(credits(scenario), Money{});
  EXPECT_EQ(ledger::balance(scenario.state, ledger::losses()), cents(-10'00));
  scenario.carry_out(dispute(true));
  EXPECT_TRUE(scenario.carry_out(dispute(true)).replayed);
  EXPECT_EQ(credits(scenario), cents(15'00));
  EXPECT_EQ(ledger::balance(scenario.state, ledger::losses()), Money{});
  EXPECT_EQ(sum_of_accounts(scenario), Money{});
}

TEST(MoveDispute, told_in_the_wrong_order_moves_nothing) {
  Scenario scenario = paid();
  scenario.carry_out(dispute(true));
  EXPECT_EQ(credits(scenario), cents(25'00));
  scenario.carry_out(dispute(false));
  EXPECT_EQ(credits(scenario), cents(25'00));
  EXPECT_TRUE(scenario.carry_out(dispute(false)).replayed);
  EXPECT_EQ(scenario.row<Checkout>({acme, checkout}).disputes.size(), 1u);
}

// Broken: credits that were held by a batch while a payment was taken back could be spent after all.
TEST(TakeBack, is_made_good_by_what_becomes_available_later) {
  Scenario scenario = paid();
  const BatchId batch("bat_1");
  scenario.given({*ledger::reserve(scenario.state, acme, batch, cents(25'00))});
  scenario.carry_out(dispute(false));
  EXPECT_EQ(scenario.row<ledger::Book>({acme}).owed, cents(25'00));
  scenario.given(*ledger::settle(scenario.state, acme, batch, cents(5'00)));
  EXPECT_EQ(credits(scenario), Money{});
  EXPECT_EQ(scenario.row<ledger::Book>({acme}).owed, cents(5'00));

  const CheckoutId second("chk_2");
  scenario.carry_out(OpenCheckout{acme, second, "credit_10", cents(10'00), "stripe"});
  scenario.carry_out(PayCheckout{acme, second, PaymentId("pi_2"), cents(10'00)});
  EXPECT_EQ(credits(scenario), cents(5'00));
  EXPECT_EQ(scenario.row<ledger::Book>({acme}).owed, Money{});
  EXPECT_EQ(ledger::balance(scenario.state, ledger::losses()), Money{});
  scenario.carry_out(dispute(true));
  EXPECT_EQ(credits(scenario), cents(30'00));
  EXPECT_EQ(sum_of_accounts(scenario), Money{});
}

TEST(RefundsAndDisputes, wait_for_their_payment) {
  Scenario scenario = opened();
  EXPECT_EQ(scenario.refusal(RefundCheckout{acme, checkout, cents(1)}), ErrorCode::not_found);
  EXPECT_EQ(scenario.refusal(dispute(false)), ErrorCode::not_found);
}

}  // namespace
}  // namespace core::billing
