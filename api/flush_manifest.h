// Which waiting jobs a flush takes, and the manifest made of them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "api/app.h"
#include "api/manifest_body.h"
#include "core/job_queue/state.h"

namespace api {

struct FlushChoice {
  std::size_t jobs_max = 0;
  std::vector<std::string> types;  // empty: all
  std::uint32_t priority_min = 0;
};

struct FlushManifest {
  std::vector<core::JobId> jobs;
  std::int64_t estimated_tokens = 0;
  SpooledBody body;  // one item for each job, in order
};

// A manifest larger than this waits in part for the next flush.
constexpr std::uint64_t flush_bytes_max = std::uint64_t{256} << 20;

// The jobs that are due, highest priority first, without those of `left_out`. None: `jobs` is empty.
// Blocks on rows and files. Errors: those of reading and spooling; no_eligible_lane.
core::Result<FlushManifest> make_flush_manifest(const App& app, const core::OrgId& org, const FlushChoice& choice,
                                                const std::set<core::JobId>& left_out);

}  // namespace api
