// Jobs of the AI Batch queue: each waits until a flush takes it, with others, into one batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/time.h"

namespace core::job_queue {

constexpr std::uint32_t priority_max = 100;
constexpr std::size_t jobs_per_flush_max = 10'000;
constexpr std::uint64_t waiting_jobs_max = 100'000;  // of one org

// pending -> processing -> completed | failed | cancelled
// pending -> cancelled
enum class Phase { pending, processing, completed, failed, cancelled };
std::string_view to_string(Phase phase);
std::optional<Phase> phase_from_string(std::string_view text);
bool terminal(Phase phase);

// Where a job's result row stands among those of its batch: in the unit's output where it completed, else in its
// errors.
struct RowPlace {
  UnitIndex unit;
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;  // without the newline
  friend bool operator==(const RowPlace&, const RowPlace&) = default;
};

// How a job ended that a batch took.
struct Outcome {
  JobId job;
  Phase end = Phase::completed;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Money charged;
  Money list_cost;    // of the same tokens, bought synchronously at list price
  std::string error;  // stable word; empty when it completed
  RowPlace row;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Job {
  using Key = std::tuple<OrgId, JobId>;
  Key key() const { return {org, id}; }

  OrgId org;
  JobId id;
  std::string type;
  Digest payload;  // of the blob that holds it
  std::uint32_t priority = 0;
  std::optional<Timestamp> run_after;
  Phase phase = Phase::pending;
  Timestamp created_at;
  Timestamp updated_at;
  std::optional<BatchId> batch;  // that took it
  std::optional<Timestamp> flushed_at;
  std::optional<Timestamp> ended_at;
  std::optional<Outcome> outcome;  // once its batch has ended
};

// The pending ones, in the order in which they are taken: the highest priority first, then the oldest.
struct WaitingJob {
  using Key = std::tuple<OrgId, std::uint32_t, JobId>;
  Key key() const { return {org, rank, job}; }
  static std::uint32_t rank_of(std::uint32_t priority) { return priority_max - priority; }

  OrgId org;
  std::uint32_t rank = 0;
  JobId job;
  std::string type;
  std::optional<Timestamp> run_after;
};

// The answer to an enqueue that carried an idempotency key.
struct JobSubmission {
  using Key = std::tuple<OrgId, Digest>;
  Key key() const { return {org, idempotency_key}; }

  OrgId org;
  Digest idempotency_key;
  Digest fingerprint;  // of the request
  JobId job;
};

// A batch that was made of jobs.
struct Flush {
  using Key = std::tuple<OrgId, BatchId>;
  Key key() const { return {org, batch}; }

  OrgId org;
  BatchId batch;
  std::vector<JobId> jobs;
  std::int64_t estimated_tokens = 0;
};

// Sums over all jobs of an org.
struct QueueStats {
  using Key = std::tuple<OrgId>;
  Key key() const { return {org}; }

  OrgId org;
  std::uint64_t pending = 0;
  std::uint64_t processing = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::int64_t tokens = 0;
  Money charged;
  Money list_cost;
  Duration processing_time{};  // of those that completed or failed, from their flush to the end of their batch

  std::uint64_t& count_of(Phase phase);
  std::uint64_t count_of(Phase phase) const;
  std::uint64_t total() const { return pending + processing + completed + failed + cancelled; }
};

}  // namespace core::job_queue
