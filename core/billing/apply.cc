#include <algorithm>

#include "core/billing/rules.h"

namespace core::billing {

namespace {

Result<Checkout> find_checkout(const State& state, const OrgId& org, const CheckoutId& id) {
  const Checkout* checkout = state.find<Checkout>({org, id});
  if (checkout == nullptr) return Error{ErrorCode::malformed_event, "an event of an unknown checkout"};
  return *checkout;
}

// Changes a checkout that must be there.
template <class Event, class Change>
Result<void> change_checkout(State& state, const Event& event, Change change) {
  Result<Checkout> checkout = find_checkout(state, event.org, event.checkout);
  if (checkout.has_error()) return checkout.error();
  change(*checkout);
  state.put(std::move(*checkout));
  return {};
}

}  // namespace

std::string_view to_string(CheckoutPhase phase) {
  switch (phase) {
    case CheckoutPhase::open: return "open";
    case CheckoutPhase::paid: return "paid";
    case CheckoutPhase::closed: return "closed";
  }
  return "";
}

Result<void> apply_one(State& state, Timestamp time, const CheckoutOpened& event) {
  if (state.find<Checkout>({event.org, event.checkout}) != nullptr)
    return Error{ErrorCode::malformed_event, "a checkout opened twice"};
  Checkout checkout;
  checkout.org = event.org;
  checkout.id = event.checkout;
  checkout.pack = event.pack;
  checkout.amount = event.amount;
  checkout.provider = event.provider;
  checkout.request = event.request;
  checkout.created_at = time;
  state.put(std::move(checkout));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const CheckoutPageRecorded& event) {
  return change_checkout(state, event, [&](Checkout& checkout) {
    checkout.session = event.session;
    checkout.url = event.url;
    checkout.expires_at = event.expires_at;
  });
}

Result<void> apply_one(State& state, Timestamp time, const CheckoutPaid& event) {
  return change_checkout(state, event, [&](Checkout& checkout) {
    checkout.phase = CheckoutPhase::paid;
    checkout.payment = event.payment;
    checkout.paid_at = time;
    checkout.closed_because.clear();
  });
}

Result<void> apply_one(State& state, Timestamp, const CheckoutClosed& event) {
  return change_checkout(state, event, [&](Checkout& checkout) {
    checkout.phase = CheckoutPhase::closed;
    checkout.closed_because = event.reason;
  });
}

Result<void> apply_one(State& state, Timestamp, const CheckoutRefunded& event) {
  return change_checkout(state, event, [&](Checkout& checkout) { checkout.refunded = event.refunded; });
}

Result<void> apply_one(State& state, Timestamp, const DisputeMoved& event) {
  return change_checkout(state, event, [&](Checkout& checkout) {
    auto& disputes = checkout.disputes;
    auto dispute =
        std::find_if(disputes.begin(), disputes.end(), [&](const Dispute& each) { return each.id == event.dispute; });
    if (dispute == disputes.end()) dispute = disputes.insert(disputes.end(), Dispute{event.dispute, event.amount, {}});
    if (event.reinstated) {
      dispute->reinstated = true;
    } else {
      dispute->withdrawn = true;
      dispute->recovered = event.recovered;
    }
  });
}

Result<void> apply_one(State& state, Timestamp, const ProfileSet& event) {
  state.put(Profile{event.org, event.profile});
  return {};
}

}  // namespace core::billing
