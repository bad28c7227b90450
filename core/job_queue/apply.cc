#include "core/job_queue/rules.h"

namespace core::job_queue {

namespace {

Error impossible(const std::string& what) {
  return {ErrorCode::malformed_event, what};
}

Result<Job> find_job(const State& state, const OrgId& org, const JobId& id, Phase phase) {
  const Job* job = state.find<Job>({org, id});
  if (job == nullptr) return impossible("an event of an unknown job");
  if (job->phase != phase) return impossible("a job that is not " + std::string(to_string(phase)));
  return *job;
}

QueueStats stats_of(const State& state, const OrgId& org) {
  if (const QueueStats* stats = state.find<QueueStats>({org})) return *stats;
  QueueStats stats;
  stats.org = org;
  return stats;
}

// To another phase, in the job and in the sums.
void move(Job& job, QueueStats& stats, Timestamp time, Phase to) {
  --stats.count_of(job.phase);
  ++stats.count_of(to);
  job.phase = to;
  job.updated_at = time;
}

void stop_waiting(State& state, const Job& job) {
  state.erase<WaitingJob>({job.org, WaitingJob::rank_of(job.priority), job.id});
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const JobEnqueued& event) {
  if (state.find<Job>({event.org, event.job}) != nullptr) return impossible("a job enqueued twice");
  if (event.priority > priority_max) return impossible("a job with an impossible priority");
  Job job;
  job.org = event.org;
  job.id = event.job;
  job.type = event.type;
  job.payload = event.payload;
  job.priority = event.priority;
  job.run_after = event.run_after;
  job.created_at = time;
  job.updated_at = time;
  state.put(std::move(job));
  state.put(WaitingJob{event.org, WaitingJob::rank_of(event.priority), event.job, event.type, event.run_after});
  if (event.idempotency)
    state.put(JobSubmission{event.org, event.idempotency->key, event.idempotency->fingerprint, event.job});
  QueueStats stats = stats_of(state, event.org);
  ++stats.pending;
  state.put(std::move(stats));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const JobCancelled& event) {
  Result<Job> job = find_job(state, event.org, event.job, Phase::pending);
  if (job.has_error()) return job.error();
  QueueStats stats = stats_of(state, event.org);
  stop_waiting(state, *job);
  move(*job, stats, time, Phase::cancelled);
  job->ended_at = time;
  state.put(std::move(*job));
  state.put(std::move(stats));
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const JobsFlushed& event) {
  QueueStats stats = stats_of(state, event.org);
  for (const JobId& id : event.jobs) {
    Result<Job> job = find_job(state, event.org, id, Phase::pending);
    if (job.has_error()) return job.error();
    stop_waiting(state, *job);
    move(*job, stats, time, Phase::processing);
    job->batch = event.batch;
    job->flushed_at = time;
    state.put(std::move(*job));
  }
  state.put(Flush{event.org, event.batch, event.jobs, event.estimated_tokens});
  state.put(std::move(stats));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const JobsReady& event) {
  if (state.find<Flush>({event.org, event.batch}) == nullptr) return impossible("jobs of an unknown flush are ready");
  return {};
}

Result<void> apply_one(State& state, Timestamp time, const JobsClosed& event) {
  const batch::Batch* batch = state.find<batch::Batch>({event.org, event.batch});
  if (batch == nullptr || !batch->ended_at) return impossible("jobs closed before their batch has ended");
  const Timestamp ended_at = *batch->ended_at;
  QueueStats stats = stats_of(state, event.org);
  for (const Outcome& outcome : event.outcomes) {
    Result<Job> job = find_job(state, event.org, outcome.job, Phase::processing);
    if (job.has_error()) return job.error();
    if (job->batch != event.batch || !terminal(outcome.end)) return impossible("a job closed by another batch");
    move(*job, stats, time, outcome.end);
    job->ended_at = ended_at;
    stats.tokens += outcome.input_tokens + outcome.output_tokens;
    stats.charged = stats.charged + outcome.charged;
    stats.list_cost = stats.list_cost + outcome.list_cost;
    if (outcome.end != Phase::cancelled) stats.processing_time += ended_at - *job->flushed_at;
    job->outcome = outcome;
    state.put(std::move(*job));
  }
  state.put(std::move(stats));
  return {};
}

}  // namespace core::job_queue
