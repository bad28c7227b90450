// Jobs of the AI Batch queue as JSON.
#pragma once

#include <string>
#include <string_view>

#include "api/app.h"
#include "core/job_queue/state.h"

namespace api {

// Someone else's job is as unknown as one that never was. Errors: job_not_found, and those of reading.
core::Result<core::job_queue::Job> find_job(const App& app, const core::OrgId& org, const core::JobId& id);

std::string render_job(const core::job_queue::Job& job);
std::string render_queue_stats(const core::job_queue::QueueStats& stats);

// What a poll says of a job that has ended. `result` and `error` as they are in its row: a JSON object, a text; empty:
// null.
struct PolledJob {
  const core::job_queue::Job& job;
  std::string result;
  std::string error;
};
std::string render_polled_job(const PolledJob& polled);

}  // namespace api
