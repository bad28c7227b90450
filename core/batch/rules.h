#pragma once

#include "core/decide.h"

namespace core::batch {

Result<Decision> decide_one(const State& state, const Context& context, const SubmitBatch& command);
Result<Decision> decide_one(const State& state, const Context& context, const ReleaseBatch& command);
Result<Decision> decide_one(const State& state, const Context& context, const PlanUnits& command);
Result<Decision> decide_one(const State& state, const Context& context, const DispatchUnit& command);
Result<Decision> decide_one(const State& state, const Context& context, const RecordHandle& command);
Result<Decision> decide_one(const State& state, const Context& context, const ReportProgress& command);
Result<Decision> decide_one(const State& state, const Context& context, const EndAttempt& command);
Result<Decision> decide_one(const State& state, const Context& context, const CloseUnit& command);
Result<Decision> decide_one(const State& state, const Context& context, const RecordFeedback& command);
Result<Decision> decide_one(const State& state, const Context& context, const CancelBatch& command);
Result<Decision> decide_one(const State& state, const Context& context, const ExpireBatch& command);

Result<void> apply_one(State& state, Timestamp time, const BatchAccepted& event);
Result<void> apply_one(State& state, Timestamp time, const BatchQueued& event);
Result<void> apply_one(State& state, Timestamp time, const UnitsPlanned& event);
Result<void> apply_one(State& state, Timestamp time, const UnitDispatched& event);
Result<void> apply_one(State& state, Timestamp time, const HandleRecorded& event);
Result<void> apply_one(State& state, Timestamp time, const UnitProgressed& event);
Result<void> apply_one(State& state, Timestamp time, const AttemptEnded& event);
Result<void> apply_one(State& state, Timestamp time, const UnitClosed& event);
Result<void> apply_one(State& state, Timestamp time, const FeedbackRecorded& event);
Result<void> apply_one(State& state, Timestamp time, const StopRequested& event);
Result<void> apply_one(State& state, Timestamp time, const BatchEnded& event);

std::vector<Effect> react_one(const BatchQueued& event);
std::vector<Effect> react_one(const UnitsPlanned& event);
std::vector<Effect> react_one(const StopRequested& event);

}  // namespace core::batch
