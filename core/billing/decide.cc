#include <algorithm>

#include "core/billing/rules.h"
#include "core/ledger/rules.h"
#include "core/mutant.h"

namespace core::billing {

namespace {

Result<const Checkout*> find_checkout(const State& state, const OrgId& org, const CheckoutId& id) {
  const Checkout* checkout = state.find<Checkout>({org, id});
  if (checkout == nullptr)
    return Error{ErrorCode::checkout_not_found,
                 "there is no such checkout session; make one with POST /v1/billing/checkout-sessions"};
  return checkout;
}

// Refunds and disputes may be told before the payment: refused then, so that they are told again.
Result<const Checkout*> find_paid(const State& state, const OrgId& org, const CheckoutId& id) {
  const Result<const Checkout*> checkout = find_checkout(state, org, id);
  if (checkout.has_value() && (*checkout)->phase != CheckoutPhase::paid)
    return Error{ErrorCode::not_found, "checkout session " + id.value() + " was not paid as yet"};
  return checkout;
}

Error mismatch(const std::string& what) {
  return {ErrorCode::payment_mismatch, what};
}

std::string dispute_cause(const MoveDispute& command) {
  return "dispute/" + command.dispute + (command.reinstated ? "/reinstated" : "/withdrawn");
}

}  // namespace

Result<Decision> decide_one(const State& state, const Context&, const OpenCheckout& command) {
  if (const Checkout* checkout = state.find<Checkout>({command.org, command.checkout})) {
    if (checkout->pack != command.pack || checkout->request != command.request)
      return Error{ErrorCode::idempotency_conflict,
                   "this Idempotency-Key was used for another pack or other URLs; use a new key for a new request",
                   "Idempotency-Key"};
    return Decision{{}, command.checkout.value(), true};
  }
  const identity::Org* org = state.find<identity::Org>({command.org});
  if (org == nullptr || org->erased_at) return Error{ErrorCode::not_found, "there is no such organisation"};
  if (command.amount <= Money{}) return Error{ErrorCode::amount_out_of_range, "a pack must cost something"};
  return Decision{
      {CheckoutOpened{command.org, command.checkout, command.pack, command.amount, command.provider, command.request}},
      command.checkout.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const RecordCheckoutPage& command) {
  const Result<const Checkout*> checkout = find_checkout(state, command.org, command.checkout);
  if (checkout.has_error()) return checkout.error();
  if (!(*checkout)->session.empty()) return Decision{{}, command.checkout.value(), true};
  return Decision{
      {CheckoutPageRecorded{command.org, command.checkout, command.session, command.url, command.expires_at}},
      command.checkout.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const PayCheckout& command) {
  const Result<const Checkout*> checkout = find_checkout(state, command.org, command.checkout);
  if (checkout.has_error()) return checkout.error();
  if ((*checkout)->phase == CheckoutPhase::paid && !MUTANT(5)) {
    if ((*checkout)->payment != command.payment)
      return mismatch("checkout session " + command.checkout.value() + " was paid with another payment before");
    return Decision{{}, command.checkout.value(), true};
  }
  if (command.amount != (*checkout)->amount)
    return mismatch("checkout session " + command.checkout.value() + " is for " + to_decimal((*checkout)->amount) +
                    " USD and " + to_decimal(command.amount) + " USD came");
  ledger::TransferPosted transfer = ledger::top_up(command.org, command.checkout, command.amount);
  if (!checked_add(ledger::balance(state, transfer.credit), command.amount) ||
      !checked_subtract(ledger::balance(state, transfer.debit), command.amount))
    return Error{ErrorCode::amount_out_of_range, "the balance would be too large"};
  Events events{CheckoutPaid{command.org, command.checkout, command.payment, command.amount}, std::move(transfer)};
  for (Event& recovered : ledger::recover(state, command.org, command.checkout.value(), command.amount))
    events.push_back(std::move(recovered));
  return Decision{std::move(events), command.checkout.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const CloseCheckout& command) {
  const Result<const Checkout*> checkout = find_checkout(state, command.org, command.checkout);
  if (checkout.has_error()) return checkout.error();
  if ((*checkout)->phase != CheckoutPhase::open) return Decision{{}, command.checkout.value(), true};
  return Decision{{CheckoutClosed{command.org, command.checkout, command.reason}}, command.checkout.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const RefundCheckout& command) {
  const Result<const Checkout*> checkout = find_paid(state, command.org, command.checkout);
  if (checkout.has_error()) return checkout.error();
  const Money refunded = std::min(command.refunded, (*checkout)->amount);
  if (refunded <= (*checkout)->refunded) return Decision{{}, command.checkout.value(), true};
  Events events{CheckoutRefunded{command.org, command.checkout, refunded}};
  const std::string cause = "refund/" + command.checkout.value() + "/" + std::to_string(refunded.nanos());
  for (Event& transfer :
       ledger::take_back(state, command.org, ledger::TransferKind::refund, cause, refunded - (*checkout)->refunded))
    events.push_back(std::move(transfer));
  return Decision{std::move(events), command.checkout.value()};
}

// The two halves of a dispute may be told in either order: the second one told undoes the first, or does nothing when
// nothing was moved yet.
Result<Decision> decide_one(const State& state, const Context&, const MoveDispute& command) {
  const Result<const Checkout*> checkout = find_paid(state, command.org, command.checkout);
  if (checkout.has_error()) return checkout.error();
  if (command.amount <= Money{}) return Error{ErrorCode::amount_out_of_range, "a dispute about nothing"};
  Dispute known;
  for (const Dispute& dispute : (*checkout)->disputes) {
    if (dispute.id == command.dispute) known = dispute;
  }
  if (command.reinstated ? known.reinstated : known.withdrawn) return Decision{{}, command.checkout.value(), true};

  DisputeMoved moved{command.org, command.checkout, command.dispute, command.amount, Money{}, command.reinstated};
  Events transfers;
  if (command.reinstated && known.withdrawn) {
    moved.amount = known.amount;
    transfers = ledger::give_back(state, command.org, dispute_cause(command), known.amount);
  } else if (!command.reinstated && !known.reinstated) {
    moved.recovered = std::min(command.amount, ledger::balance(state, ledger::available(command.org)));
    transfers =
        ledger::take_back(state, command.org, ledger::TransferKind::adjustment, dispute_cause(command), command.amount);
  }
  Events events{std::move(moved)};
  std::move(transfers.begin(), transfers.end(), std::back_inserter(events));
  return Decision{std::move(events), command.checkout.value()};
}

Result<Decision> decide_one(const State&, const Context&, const SetProfile& command) {
  return Decision{{ProfileSet{command.org, command.profile}}, command.org.value()};
}

}  // namespace core::billing
