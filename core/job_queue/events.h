#pragma once

#include "core/job_queue/commands.h"
#include "core/job_queue/state.h"

namespace core::job_queue {

struct JobEnqueued final {
  OrgId org;
  JobId job;
  std::string type;
  Digest payload;
  std::uint32_t priority = 0;
  std::optional<Timestamp> run_after;
  std::optional<batch::Idempotency> idempotency;
};

// While it waited.
struct JobCancelled final {
  OrgId org;
  JobId job;
};

struct JobsFlushed final {
  OrgId org;
  BatchId batch;
  std::vector<JobId> jobs;
  std::int64_t estimated_tokens = 0;
};

// Their batch has ended: what became of each can be read.
struct JobsReady final {
  OrgId org;
  BatchId batch;
};

struct JobsClosed final {
  OrgId org;
  BatchId batch;
  std::vector<Outcome> outcomes;
};

}  // namespace core::job_queue
