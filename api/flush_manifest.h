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

// Enough for core::job_queue::waiting_jobs_max that no lane takes, whatever is asked for.
constexpr int flush_passes_max = 30;

// How many jobs the next pass looks at, when no lane takes `faulty` of the `picked` that this one looked at: as many as
// are `asked` for where so many good ones are known or there are no more, else twice as many.
std::size_t jobs_of_next_pass(std::size_t asked, std::size_t looked_for, std::size_t picked, std::size_t faulty);

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
