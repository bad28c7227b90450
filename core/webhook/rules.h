#pragma once

#include "core/decide.h"

namespace core::webhook {

// The one event that the end of a batch tells: batch.completed, …
DeliveryScheduled schedule(const batch::Batch& batch, batch::Phase ended_as);

Result<Decision> decide_one(const State& state, const Context& context, const RecordDelivery& command);
Result<Decision> decide_one(const State& state, const Context& context, const RetryDelivery& command);
Result<Decision> decide_one(const State& state, const Context& context, const ReplayDelivery& command);

Result<void> apply_one(State& state, Timestamp time, const DeliveryScheduled& event);
Result<void> apply_one(State& state, Timestamp time, const DeliverySucceeded& event);
Result<void> apply_one(State& state, Timestamp time, const DeliveryFailed& event);
Result<void> apply_one(State& state, Timestamp time, const DeliveryRetried& event);
Result<void> apply_one(State& state, Timestamp time, const DeliveryExhausted& event);
Result<void> apply_one(State& state, Timestamp time, const DeliveryReplayed& event);

std::vector<Effect> react_one(const DeliveryScheduled& event);
std::vector<Effect> react_one(const DeliveryRetried& event);
std::vector<Effect> react_one(const DeliveryReplayed& event);

}  // namespace core::webhook
