#include <set>

#include "core/batch/rules.h"
#include "core/job_queue/rules.h"

namespace core::job_queue {

namespace {

Error job_not_found() {
  return {ErrorCode::job_not_found, "there is no such job; list them with GET /api/v1/batch/jobs"};
}

bool due(const Job& job, Timestamp now) {
  return !job.run_after || *job.run_after <= now;
}

}  // namespace

std::optional<JobsReady> ready(const State& state, const OrgId& org, const BatchId& batch) {
  if (state.find<Flush>({org, batch}) == nullptr) return std::nullopt;
  return JobsReady{org, batch};
}

Result<Decision> decide_one(const State& state, const Context&, const EnqueueJob& command) {
  if (command.idempotency) {
    if (const JobSubmission* first = state.find<JobSubmission>({command.org, command.idempotency->key})) {
      if (first->fingerprint != command.idempotency->fingerprint)
        return Error{ErrorCode::idempotency_conflict,
                     "this idempotency_key was used for another job; use a new key for a new job", "idempotency_key"};
      return Decision{{}, first->job.value(), true};
    }
  }
  if (state.find<Job>({command.org, command.job}) != nullptr) return Decision{{}, command.job.value(), true};
  if (command.priority > priority_max)
    return Error{ErrorCode::invalid_request, "a priority lies between 0 and 100", "priority"};
  const QueueStats* stats = state.find<QueueStats>({command.org});
  if (stats != nullptr && stats->pending >= waiting_jobs_max)
    return Error{ErrorCode::too_many_requests,
                 std::to_string(waiting_jobs_max) +
                     " jobs are waiting, which is the limit; flush them with POST /api/v1/batch/internal/flush"};
  return Decision{{JobEnqueued{command.org, command.job, command.type, command.payload, command.priority,
                               command.run_after, command.idempotency}},
                  command.job.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const CancelJob& command) {
  const Job* job = state.find<Job>({command.org, command.job});
  if (job == nullptr) return job_not_found();
  switch (job->phase) {
    case Phase::pending: break;
    case Phase::cancelled: return Decision{{}, command.job.value(), true};
    case Phase::processing:
      return Error{ErrorCode::job_already_started, "this job is part of batch " + job->batch->value() +
                                                       "; cancel that with POST /v1/batches/{id}/cancel"};
    case Phase::completed:
    case Phase::failed:
      return Error{ErrorCode::job_already_started,
                   "this job has ended as " + std::string(to_string(job->phase)) + "; there is nothing to cancel"};
  }
  return Decision{{JobCancelled{command.org, command.job}}, command.job.value()};
}

Result<Decision> decide_one(const State& state, const Context& context, const FlushJobs& command) {
  Result<Decision> decision = batch::decide_one(state, context, command.submission);
  if (decision.has_error() || decision->replayed) return decision;
  const quote::Quote* quote = state.find<quote::Quote>({command.submission.org, command.submission.quote});
  if (command.submission.org != command.org || quote->plan.item_count != command.jobs.size() ||
      command.jobs.size() > jobs_per_flush_max)
    return Error{ErrorCode::internal, "a flush must be of one item for each job of its own org"};
  std::set<JobId> once;
  for (const JobId& id : command.jobs) {
    const Job* job = state.find<Job>({command.org, id});
    if (job == nullptr) return job_not_found();
    if (job->phase != Phase::pending || !due(*job, context.now) || !once.insert(id).second)
      return Error{ErrorCode::job_already_started, "job " + id.value() + " does not wait any more; flush again"};
  }
  decision->events.push_back(
      JobsFlushed{command.org, command.submission.batch, command.jobs, command.estimated_tokens});
  return decision;
}

Result<Decision> decide_one(const State& state, const Context&, const CloseJobs& command) {
  JobsClosed closed{command.org, command.batch, {}};
  std::set<JobId> once;
  for (const Outcome& outcome : command.outcomes) {
    const Job* job = state.find<Job>({command.org, outcome.job});
    if (job == nullptr || job->batch != command.batch || !terminal(outcome.end))
      return Error{ErrorCode::internal, "an outcome of a job that this batch does not have, or that is none"};
    if (job->phase == Phase::processing && once.insert(outcome.job).second) closed.outcomes.push_back(outcome);
  }
  if (closed.outcomes.empty()) return Decision{{}, command.batch.value(), true};
  const batch::Batch* batch = state.find<batch::Batch>({command.org, command.batch});
  if (batch == nullptr || !batch->ended_at)
    return Error{ErrorCode::stale_report, "the batch of these jobs has not ended"};
  return Decision{{std::move(closed)}, command.batch.value()};
}

}  // namespace core::job_queue
