// The fold of what lanes did; called by the batch's own fold.
#pragma once

#include "core/batch/state.h"
#include "core/state.h"

namespace core::learning {

// An attempt has ended.
void observe(State& state, Timestamp time, const OrgId& org, Operation operation, const batch::AttemptRecord& attempt);
// A unit of this route was settled: one lane's part of it.
void settle(State& state, Timestamp time, const batch::Batch& batch, const quote::Route& route,
            const batch::LaneShare& share);
// Feedback on a batch, and what takes the place of what the same customer said before.
void judge(State& state, const batch::Batch& batch, std::uint32_t permille);
void forget(State& state, const batch::Batch& batch, std::uint32_t permille);

}  // namespace core::learning
