#include "processors/audit/payments.h"

namespace processors::audit {

Payments::Checkout* Payments::find(const CheckoutEvent& event) {
  const auto found = checkouts_.find(event.checkout);
  if (found != checkouts_.end() && found->second.org == event.org) return &found->second;
  reporter_.report(Rule::checkout_unknown,
                   "checkout " + std::string(event.checkout) + " was never opened for this org");
  return nullptr;
}

void Payments::take_opened(const CheckoutEvent& event) {
  const auto [checkout, fresh] = checkouts_.try_emplace(std::string(event.checkout));
  if (!fresh)
    return reporter_.report(Rule::checkout_repeated, "checkout " + std::string(event.checkout) + " was opened before");
  checkout->second.org = event.org;
  checkout->second.amount = event.amount;
}

void Payments::take_paid(const CheckoutEvent& event) {
  Checkout* checkout = find(event);
  if (checkout == nullptr) return;
  if (checkout->phase == Phase::paid)
    reporter_.report(Rule::checkout_phase, "checkout " + std::string(event.checkout) + " was paid before");
  if (event.amount != checkout->amount)
    reporter_.report(Rule::payment_mismatch, "checkout " + std::string(event.checkout) + " is of " +
                                                 std::to_string(checkout->amount) + " nano-USD, and " +
                                                 std::to_string(event.amount) + " were paid");
  checkout->phase = Phase::paid;
  ++paid_;
  ledger_.expect("top_up/" + std::string(event.checkout), event.amount);
  ledger_.allow_recovery(event.checkout, event.amount);
}

void Payments::take_closed(const CheckoutEvent& event) {
  Checkout* checkout = find(event);
  if (checkout == nullptr) return;
  if (checkout->phase != Phase::open)
    reporter_.report(Rule::checkout_phase, "checkout " + std::string(event.checkout) + " was paid or closed before");
  checkout->phase = Phase::closed;
}

void Payments::take_refunded(const CheckoutEvent& event) {
  Checkout* checkout = find(event);
  if (checkout == nullptr) return;
  if (checkout->phase != Phase::paid)
    reporter_.report(Rule::checkout_phase, "checkout " + std::string(event.checkout) + " was refunded, and never paid");
  if (event.refunded <= checkout->refunded || event.refunded > checkout->amount)
    reporter_.report(Rule::refund_exceeded, "checkout " + std::string(event.checkout) + " is of " +
                                                std::to_string(checkout->amount) + " nano-USD, of which " +
                                                std::to_string(checkout->refunded) + " were refunded before and " +
                                                std::to_string(event.refunded) + " are now");
  const std::string id = "refund/" + std::string(event.checkout) + "/" + std::to_string(event.refunded);
  ledger_.expect_either(id, id + "/loss", event.refunded - checkout->refunded);
  checkout->refunded = event.refunded;
}

// The two halves may be told in either order: the second undoes the first, or moves nothing if nothing was moved.
void Payments::take_dispute(const CheckoutEvent& event) {
  Checkout* checkout = find(event);
  if (checkout == nullptr) return;
  Dispute& dispute = checkout->disputes[std::string(event.dispute)];
  bool& half = event.reinstated ? dispute.reinstated : dispute.withdrawn;
  const bool other = event.reinstated ? dispute.withdrawn : dispute.reinstated;
  if (half || checkout->phase != Phase::paid)
    return reporter_.report(Rule::dispute_disordered, "dispute " + std::string(event.dispute) +
                                                          " was moved like this before, or before the payment");
  half = true;
  const std::string id = "dispute/" + std::string(event.dispute) + (event.reinstated ? "/reinstated" : "/withdrawn");
  if (!event.reinstated && !other) {
    dispute.amount = event.amount;
    ledger_.expect(id, event.recovered);
    ledger_.expect(id + "/loss", event.amount - event.recovered);
  } else if (event.reinstated && other) {
    ledger_.expect_either(id, id + "/loss", dispute.amount);
  }
}

}  // namespace processors::audit
