// A job's answer: its batch's result row, read and put as the AI Batch queue answers it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"

namespace schemas::queue {

// What a row of `output` or `error` says of its job.
struct JobRow {
  core::JobId job;
  bool completed = false;
  std::string error_code;  // stable word; empty where it completed
  std::string error_message;
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  core::Money cost;
};
// Errors: blob_corrupt.
core::Result<JobRow> parse_job_row(std::string_view row);

// {job_id, job_type, status, output, text, model, provider, finish_reason, usage, cost, error}: `text` as it was
// answered, `output` the JSON object in it, null where there is none. Errors: blob_corrupt.
core::Result<std::string> render_job_result(std::string_view row, std::string_view type, std::string_view status);

}  // namespace schemas::queue
