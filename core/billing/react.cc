#include "core/billing/rules.h"

namespace core::billing {

std::vector<Effect> react_one(const CheckoutPaid& event) {
  return {ForwardCommand{aggregate_of(event.payment), NotePayment{event.payment, event.org, event.checkout}}};
}

std::vector<Effect> react_one(const RefundReported& event) {
  return {ForwardCommand{aggregate_of(event.org), RefundCheckout{event.org, event.checkout, event.refunded},
                         "refund/" + event.payment.value() + "/" + std::to_string(event.refunded.nanos())}};
}

std::vector<Effect> react_one(const DisputeReported& event) {
  return {ForwardCommand{aggregate_of(event.org),
                         MoveDispute{event.org, event.checkout, event.dispute, event.amount, event.reinstated},
                         "dispute/" + event.dispute + (event.reinstated ? "/reinstated" : "/withdrawn")}};
}

}  // namespace core::billing
