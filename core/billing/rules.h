#pragma once

#include "core/decide.h"

namespace core::billing {

Result<Decision> decide_one(const State& state, const Context& context, const OpenCheckout& command);
Result<Decision> decide_one(const State& state, const Context& context, const RecordCheckoutPage& command);
Result<Decision> decide_one(const State& state, const Context& context, const PayCheckout& command);
Result<Decision> decide_one(const State& state, const Context& context, const CloseCheckout& command);
Result<Decision> decide_one(const State& state, const Context& context, const RefundCheckout& command);
Result<Decision> decide_one(const State& state, const Context& context, const MoveDispute& command);
Result<Decision> decide_one(const State& state, const Context& context, const SetProfile& command);

Result<void> apply_one(State& state, Timestamp time, const CheckoutOpened& event);
Result<void> apply_one(State& state, Timestamp time, const CheckoutPageRecorded& event);
Result<void> apply_one(State& state, Timestamp time, const CheckoutPaid& event);
Result<void> apply_one(State& state, Timestamp time, const CheckoutClosed& event);
Result<void> apply_one(State& state, Timestamp time, const CheckoutRefunded& event);
Result<void> apply_one(State& state, Timestamp time, const DisputeMoved& event);
Result<void> apply_one(State& state, Timestamp time, const ProfileSet& event);

}  // namespace core::billing
