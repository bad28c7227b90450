#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/batch/commands.h"
#include "core/job_queue/state.h"

namespace core::job_queue {

struct EnqueueJob {
  OrgId org;
  JobId job;
  std::string type;
  Digest payload;
  std::uint32_t priority = 0;
  std::optional<Timestamp> run_after;
  std::optional<batch::Idempotency> idempotency;
};

struct CancelJob {
  OrgId org;
  JobId job;
};

// One item of the submission's quote for each job, by its id.
struct FlushJobs {
  OrgId org;
  batch::SubmitBatch submission;
  std::vector<JobId> jobs;
  std::int64_t estimated_tokens = 0;
};

constexpr std::size_t outcomes_per_command_max = 500;

// What became of jobs of a batch that has ended. Those that are closed already are left out.
struct CloseJobs {
  OrgId org;
  BatchId batch;
  std::vector<Outcome> outcomes;
};

}  // namespace core::job_queue
