#include "api/render_job.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "api/json_text.h"

namespace api {

namespace {

using core::job_queue::Job;
using core::job_queue::Phase;

std::int64_t tokens_of(const Job& job) {
  return job.outcome ? job.outcome->input_tokens + job.outcome->output_tokens : 0;
}

std::string error_of(const Job& job) {
  if (job.outcome) return job.outcome->error;
  return job.phase == Phase::cancelled ? "cancelled" : "";
}

// In Anthropic's words.
std::string_view polled_status(const Job& job) {
  switch (job.phase) {
    case Phase::completed: return "succeeded";
    case Phase::cancelled: return "canceled";
    case Phase::failed:
    case Phase::pending:
    case Phase::processing: break;
  }
  return error_of(job) == "batch_expired" ? "expired" : "errored";
}

// Exact to a millionth.
std::string hours(core::Duration sum, std::uint64_t count) {
  const std::int64_t millionths = count == 0 ? 0 : sum.count() / 3'600 / static_cast<std::int64_t>(count);
  char digits[40];
  std::snprintf(digits, sizeof digits, "%lld.%06lld", static_cast<long long>(millionths / 1'000'000),
                static_cast<long long>(millionths % 1'000'000));
  return digits;
}

}  // namespace

core::Result<Job> find_job(const App& app, const core::OrgId& org, const core::JobId& id) {
  core::Result<std::optional<Job>> job = app.reader.find<Job>(core::aggregate_of(org), {org, id});
  if (job.has_error()) return job.error();
  if (!*job)
    return core::Error{core::ErrorCode::job_not_found, "there is no such job; list them with GET /api/v1/batch/jobs"};
  return std::move(**job);
}

std::string render_job(const Job& job) {
  JsonText json;
  json.text("id", job.id.value()).text("job_type", job.type).text("status", core::job_queue::to_string(job.phase));
  json.number("priority", job.priority).text("custom_id", job.id.value());
  json.text_or_null("batch_id", job.batch ? job.batch->value() : "");
  json.time("created_at", job.created_at).time("updated_at", job.updated_at);
  json.time_or_null("run_after", job.run_after).time_or_null("completed_at", job.ended_at);
  json.number("tokens_used", tokens_of(job)).text_or_null("error_message", error_of(job));
  return std::move(json).finish();
}

std::string render_queue_stats(const core::job_queue::QueueStats& stats) {
  JsonText json;
  json.number("total_jobs_queued", stats.total()).number("pending_jobs", stats.pending);
  json.number("processing_jobs", stats.processing).number("completed_jobs", stats.completed);
  json.number("failed_jobs", stats.failed).number("total_tokens_used", stats.tokens);
  json.json("total_cost_usd", core::to_decimal(stats.charged));
  json.json("total_savings_usd", core::to_decimal(stats.list_cost - stats.charged));
  json.json("avg_processing_time_hours", hours(stats.processing_time, stats.completed + stats.failed));
  return std::move(json).finish();
}

std::string render_polled_job(const PolledJob& polled) {
  const Job& job = polled.job;
  const core::Duration took = job.ended_at && job.flushed_at ? *job.ended_at - *job.flushed_at : core::Duration{};
  JsonText json;
  json.text("job_id", job.id.value()).text("job_type", job.type).text("status", polled_status(job));
  json.json("result", polled.result.empty() ? "null" : polled.result).text_or_null("error", polled.error);
  json.number("tokens_used", tokens_of(job));
  json.number("processing_time_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  return std::move(json).finish();
}

}  // namespace api
