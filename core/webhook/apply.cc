#include "core/webhook/rules.h"

namespace core::webhook {

namespace {

// A try has been reported: the effect is done, and the row moves on.
template <class Tried>
Result<Delivery> after_try(State& state, const Tried& event) {
  const Delivery* found = state.find<Delivery>({event.org, event.delivery});
  if (found == nullptr || found->phase != Phase::pending)
    return Error{ErrorCode::malformed_event, "a delivery that is not pending was tried"};
  state.erase<Outstanding>({key_of(DeliverWebhook{event.org, event.delivery})});
  Delivery delivery = *found;
  delivery.attempt = event.attempt;
  delivery.last_status = event.status;
  delivery.next_at.reset();
  return delivery;
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const DeliveryScheduled& event) {
  Delivery delivery;
  delivery.org = event.org;
  delivery.id = event.delivery;
  delivery.batch = event.batch;
  delivery.type = event.type;
  delivery.target = event.target;
  delivery.created_at = time;
  state.put(std::move(delivery));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const DeliverySucceeded& event) {
  Result<Delivery> delivery = after_try(state, event);
  if (delivery.has_error()) return delivery.error();
  delivery->phase = Phase::delivered;
  state.put(std::move(*delivery));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const DeliveryFailed& event) {
  Result<Delivery> delivery = after_try(state, event);
  if (delivery.has_error()) return delivery.error();
  delivery->next_at = event.retry_at;
  state.put(std::move(*delivery));
  state.put(Timer{event.retry_at, "delivery/" + event.delivery.value(), aggregate_of(event.org),
                  RetryDelivery{event.org, event.delivery, event.attempt}});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const DeliveryRetried& event) {
  if (state.find<Delivery>({event.org, event.delivery}) == nullptr)
    return Error{ErrorCode::malformed_event, "an unknown delivery was retried"};
  return {};
}

Result<void> apply_one(State& state, Timestamp, const DeliveryExhausted& event) {
  Result<Delivery> delivery = after_try(state, event);
  if (delivery.has_error()) return delivery.error();
  delivery->phase = Phase::exhausted;
  state.put(std::move(*delivery));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const DeliveryReplayed& event) {
  const Delivery* found = state.find<Delivery>({event.org, event.delivery});
  if (found == nullptr || found->phase == Phase::pending)
    return Error{ErrorCode::malformed_event, "a delivery that has not ended was replayed"};
  Delivery delivery = *found;
  delivery.phase = Phase::pending;
  delivery.replayed_after = event.attempt;
  state.put(std::move(delivery));
  return {};
}

}  // namespace core::webhook
