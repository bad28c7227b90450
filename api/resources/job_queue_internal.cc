// The AI Batch queue for schedulers: /api/v1/batch/internal/flush and /poll.
#include <map>
#include <set>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/checked_body.h"
#include "api/flush_manifest.h"
#include "api/funding.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/render_job.h"
#include "api/resources/resources.h"
#include "processors/job_queue/job_outcomes.h"
#include "schemas/queue/job_result.h"
#include "schemas/queue/job_types.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::job_queue::Flush;
using core::job_queue::Job;

constexpr std::int64_t jobs_per_flush_default = 100;
constexpr int flush_attempts_max = 5;
constexpr std::size_t batch_id_bytes_max = 64;
// Of the results that one poll holds; beyond, each is under its job.
constexpr std::size_t poll_bytes_max = std::size_t{8} << 20;

// --- flush ----------------------------------------------------------------------------------------------------------

core::Result<FlushChoice> read_flush(const http::Request& request, RequestFaults& faults) {
  check_query(request, {}, faults);
  core::Result<CheckedBody> body = CheckedBody::read(request, {"max_jobs", "job_types", "min_priority"}, faults);
  if (body.has_error()) return body.error();
  std::vector<std::string> types;
  for (const schemas::queue::JobType& type : schemas::queue::job_types().all) types.push_back(type.name);
  FlushChoice choice;
  choice.jobs_max = static_cast<std::size_t>(
      body->integer("max_jobs", 1, core::job_queue::jobs_per_flush_max, jobs_per_flush_default));
  choice.types = body->optional_words("job_types", types);
  choice.priority_min = static_cast<std::uint32_t>(body->integer("min_priority", 0, core::job_queue::priority_max, 0));
  return choice;
}

struct FlushAnswer {
  core::BatchId batch;  // empty: nothing to flush
  std::size_t jobs = 0;
  std::int64_t estimated_tokens = 0;
  std::size_t left_out = 0;
};

std::string render_flush(const FlushAnswer& flush) {
  std::string message = flush.jobs == 0 ? "No job that is due was left to take."
                                        : "Took " + std::to_string(flush.jobs) + (flush.jobs == 1 ? " job" : " jobs") +
                                              " into one batch.";
  if (flush.left_out > 0)
    message += " Left " + std::to_string(flush.left_out) + " that no lane can serve, such as too long ones.";
  JsonText json;
  json.boolean("success", true).text_or_null("batch_id", flush.batch.value()).number("jobs_count", flush.jobs);
  json.number("estimated_tokens", flush.estimated_tokens).text("message", message);
  return std::move(json).finish();
}

// A manifest of the jobs that some lane can serve, planned; those that none can are added to `left_out`.
struct PlannedFlush {
  FlushManifest manifest;
  core::ManifestHeader header;
  processors::PlannedManifest plan;
};
http::awaitable<core::Result<PlannedFlush>> plan_flush(const App& app, const core::OrgId& org,
                                                       const FlushChoice& choice, std::set<core::JobId>& left_out) {
  PlannedFlush planned;
  FlushChoice looked_at = choice;
  for (int pass = 0; pass < flush_passes_max; ++pass) {
    auto make = [&] { return make_flush_manifest(app, org, looked_at, left_out); };
    core::Result<FlushManifest> manifest = co_await http::run_on(app.long_work, std::move(make));
    if (manifest.has_error()) co_return manifest.error();
    planned.manifest = std::move(*manifest);
    if (planned.manifest.jobs.empty()) co_return planned;
    const core::Result<processors::ReceivedManifest> received = co_await receive_manifest(app, planned.manifest.body);
    if (received.has_error()) co_return received.error();
    if (received->summary.fault_count > 0)
      co_return Error{ErrorCode::internal,
                      "a manifest of our own was refused: " + received->summary.faults.front().code};
    core::Result<processors::PlannedManifest> plan =
        co_await plan_manifest(app, org, *received, core::job_queue::jobs_per_flush_max);
    if (plan.has_error()) co_return plan.error();
    planned.header = received->summary.header;
    planned.plan = std::move(*plan);
    const std::size_t picked = planned.manifest.jobs.size();
    if (planned.plan.fault_count == 0 && picked <= choice.jobs_max) co_return planned;
    looked_at.jobs_max = jobs_of_next_pass(choice.jobs_max, looked_at.jobs_max, picked, planned.plan.faults.size());
    for (const core::ManifestFault& fault : planned.plan.faults) left_out.emplace(fault.customer_item_id);
  }
  co_return Error{ErrorCode::no_eligible_lane,
                  "no lane takes " + std::to_string(left_out.size()) + " jobs at the head of the queue: cancel them"};
}

http::awaitable<Outcome> flush_jobs(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  const core::Result<FlushChoice> choice = read_flush(request, faults);
  if (choice.has_error()) co_return choice.error();
  if (!faults.none()) co_return faults.response();
  const core::OrgId& org = principal->org;

  std::set<core::JobId> left_out;
  Error refusal;
  for (int attempt = 0; attempt < flush_attempts_max; ++attempt) {
    core::Result<PlannedFlush> planned = co_await plan_flush(app, org, *choice, left_out);
    if (planned.has_error()) co_return planned.error();
    FlushAnswer flush;
    flush.left_out = left_out.size();
    if (planned->manifest.jobs.empty()) co_return http::json(200, render_flush(flush));

    core::Result<core::quote::LockQuote> lock = lock_command(app, org, planned->header, std::move(planned->plan));
    if (lock.has_error()) co_return lock.error();
    const core::Money total = lock->plan.total;
    core::job_queue::FlushJobs command_of_flush;
    command_of_flush.org = org;
    command_of_flush.submission.org = org;
    command_of_flush.submission.batch = core::BatchId("bat_" + adapters::random::make_ulid(app.now()));
    command_of_flush.submission.quote = lock->quote;
    command_of_flush.jobs = std::move(planned->manifest.jobs);
    command_of_flush.estimated_tokens = planned->manifest.estimated_tokens;
    flush.batch = command_of_flush.submission.batch;
    flush.jobs = command_of_flush.jobs.size();
    flush.estimated_tokens = command_of_flush.estimated_tokens;
    core::Command locking = std::move(*lock);
    const core::Result<processors::Answer> locked = co_await command(app, core::aggregate_of(org), std::move(locking));
    if (locked.has_error()) co_return locked.error();
    core::Command flushing = std::move(command_of_flush);
    const core::Result<processors::Answer> flushed =
        co_await command(app, core::aggregate_of(org), std::move(flushing));
    if (flushed.has_value()) {
      info(app.log, "jobs_flushed", {{"batch", flush.batch.value()}, {"org", org.value()}, {"jobs", flush.jobs}});
      co_return http::json(200, render_flush(flush));
    }
    refusal = flushed.error();
    if (refusal.code == ErrorCode::insufficient_credits) {
      const core::Result<std::string> funding = funding_preview_json(app, org, total);
      if (funding.has_error()) co_return funding.error();
      co_return http::problem(refusal, request, {{"funding_preview", *funding}});
    }
    // Some job was cancelled, or taken by another flush, in the meantime.
    if (refusal.code != ErrorCode::job_already_started) co_return refusal;
  }
  co_return refusal;
}

// --- poll -----------------------------------------------------------------------------------------------------------

core::Result<std::string> row_of(const App& app, const Job& job, std::map<core::UnitIndex, core::batch::Unit>& units) {
  const core::UnitIndex index = job.outcome->row.unit;
  auto found = units.find(index);
  if (found == units.end()) {
    auto unit = app.reader.find<core::batch::Unit>(core::aggregate_of(job.org), {job.org, *job.batch, index});
    if (unit.has_error()) return unit.error();
    if (!*unit) return Error{ErrorCode::log_corrupt, "the work unit of job " + job.id.value() + " is missing"};
    found = units.emplace(index, std::move(**unit)).first;
  }
  return processors::read_job_row(app.blobs, found->second, *job.outcome);
}

core::Result<PolledJob> poll_job(const App& app, const Job& job, std::map<core::UnitIndex, core::batch::Unit>& units) {
  PolledJob polled{job, "", ""};
  const core::Result<std::string> row = row_of(app, job, units);
  // One row that cannot be read is no reason to withhold the others.
  if (row.has_error() && row.error().code == ErrorCode::blob_corrupt) {
    polled.error = processors::result_unreadable;
    return polled;
  }
  if (row.has_error()) return row.error();
  if (job.phase == core::job_queue::Phase::completed) {
    core::Result<std::string> result =
        schemas::queue::render_job_result(*row, job.type, core::job_queue::to_string(job.phase));
    if (result.has_error()) return result.error();
    polled.result = std::move(*result);
  } else {
    const core::Result<schemas::queue::JobRow> read = schemas::queue::parse_job_row(*row);
    if (read.has_error()) return read.error();
    polled.error = read->error_message.empty() ? read->error_code : read->error_message;
  }
  return polled;
}

core::Result<std::string> poll_text(const App& app, const core::OrgId& org, const core::BatchId& id) {
  const core::AggregateKey aggregate = core::aggregate_of(org);
  const auto flush = app.reader.find<Flush>(aggregate, {org, id});
  if (flush.has_error()) return flush.error();
  if (!*flush)
    return Error{ErrorCode::batch_not_found, "no flush has made such a batch; its id is in the answer of a flush",
                 "batch_id"};
  std::map<core::UnitIndex, core::batch::Unit> units;
  std::size_t processed = 0;
  std::size_t bytes = 0;
  std::size_t withheld = 0;
  JsonText json;
  json.boolean("success", true).text("batch_id", id.value());
  std::string results = "[";
  for (const core::JobId& job_id : (*flush)->jobs) {
    const core::Result<Job> job = find_job(app, org, job_id);
    if (job.has_error()) return job.error();
    if (!job->outcome) continue;
    ++processed;
    std::string text;
    if (bytes < poll_bytes_max) {
      const core::Result<PolledJob> polled = poll_job(app, *job, units);
      if (polled.has_error()) return polled.error();
      text = render_polled_job(*polled);
    } else {
      text = render_polled_job({*job, "", job->outcome->error});
      ++withheld;
    }
    bytes += text.size();
    results += (results.size() > 1 ? "," : "") + text;
  }
  results += "]";

  const std::size_t remaining = (*flush)->jobs.size() - processed;
  const core::Result<core::batch::Batch> batch = find_batch(app, org, id);
  if (batch.has_error()) return batch.error();
  const bool canceling = batch->stop == core::batch::StopReason::cancelled;
  json.text("status", remaining == 0 ? "ended" : canceling ? "canceling" : "in_progress").json("results", results);
  json.number("jobs_processed", processed).number("jobs_remaining", remaining);
  std::string message = remaining == 0 ? "All jobs have ended."
                                       : std::to_string(remaining) +
                                             " jobs have not ended; poll again, or wait for them "
                                             "under GET /api/v1/batch/jobs/{job_id}.";
  if (withheld > 0)
    message += " The results of " + std::to_string(withheld) +
               " jobs are too long for this answer: GET /api/v1/batch/jobs/{job_id}/result has each.";
  json.text("message", message);
  return std::move(json).finish();
}

http::awaitable<Outcome> poll_jobs(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  check_query(request, {}, faults);
  core::Result<CheckedBody> body = CheckedBody::read(request, {"batch_id"}, faults);
  if (body.has_error()) co_return body.error();
  const core::BatchId batch(body->text("batch_id", batch_id_bytes_max));
  if (!faults.none()) co_return faults.response();
  auto read = [&app, &principal, &batch] { return poll_text(app, principal->org, batch); };
  core::Result<std::string> text = co_await http::run_on(app.blocking, std::move(read));
  if (text.has_error()) co_return text.error();
  http::Response response = http::json(200, std::move(*text));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

void add_job_queue_internal(http::Router& router, const App& app) {
  router.add(http::Method::post, "/api/v1/batch/internal/flush",
             [&app](http::Request& request) { return answered(request, flush_jobs(app, request)); },
             {.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = org});
  router.add(http::Method::post, "/api/v1/batch/internal/poll",
             [&app](http::Request& request) { return answered(request, poll_jobs(app, request)); },
             {.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = org});
}

}  // namespace api::resources
