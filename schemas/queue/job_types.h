// What the AI Batch queue can do: schemas/queue/job_types.json, built in. A job's payload and the prompt of its type
// make one request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"

namespace schemas::queue {

struct JobType {
  std::string name;
  std::string system;  // prompt
  std::string task;    // what the user part says before the payload
  std::int64_t output_tokens_max = 0;
};

struct JobTypes {
  std::vector<core::ModelSlug> models;  // asked for by preference
  std::vector<JobType> all;

  const JobType* find(std::string_view name) const;  // nullptr: there is no such type
};

// Immutable; made when first asked for. Threading: any thread.
const JobTypes& job_types();

// The item of a manifest that asks for a job, as one line of NDJSON. `payload` is JSON; in the prompt it stands between
// <payload> and </payload>, which it cannot contain.
std::string manifest_line(const JobType& type, const core::JobId& job, std::string_view payload,
                          const std::vector<core::ModelSlug>& models);

// Input as counted for a quote, and the output at most.
std::int64_t estimated_tokens(const JobType& type, std::string_view payload);

}  // namespace schemas::queue
