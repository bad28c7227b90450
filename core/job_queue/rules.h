#pragma once

#include "core/decide.h"

namespace core::job_queue {

Result<Decision> decide_one(const State& state, const Context& context, const EnqueueJob& command);
Result<Decision> decide_one(const State& state, const Context& context, const CancelJob& command);
// Errors: job_already_started, of a job that is not to be had (any more); and those of SubmitBatch.
Result<Decision> decide_one(const State& state, const Context& context, const FlushJobs& command);
Result<Decision> decide_one(const State& state, const Context& context, const CloseJobs& command);

Result<void> apply_one(State& state, Timestamp time, const JobEnqueued& event);
Result<void> apply_one(State& state, Timestamp time, const JobCancelled& event);
Result<void> apply_one(State& state, Timestamp time, const JobsFlushed& event);
Result<void> apply_one(State& state, Timestamp time, const JobsReady& event);
Result<void> apply_one(State& state, Timestamp time, const JobsClosed& event);

std::vector<Effect> react_one(const JobsReady& event);

// What the end of a batch means for jobs: something where they made the batch.
std::optional<JobsReady> ready(const State& state, const OrgId& org, const BatchId& batch);

}  // namespace core::job_queue
