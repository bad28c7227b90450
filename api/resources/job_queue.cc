// The AI Batch queue for those who use it: /api/v1/batch/enqueue, jobs, jobs/{job_id}, /cancel, /result, stats.
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/checked_body.h"
#include "api/http/coroutines.h"
#include "api/idempotency.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/render_job.h"
#include "api/resources/resources.h"
#include "processors/job_queue/job_outcomes.h"
#include "schemas/digest.h"
#include "schemas/queue/job_result.h"
#include "schemas/queue/job_types.h"
#include "schemas/rfc3339.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::job_queue::Job;
using core::job_queue::Phase;
using core::job_queue::QueueStats;

constexpr std::size_t payload_bytes_max = 256u << 10;
constexpr std::uint64_t enqueue_bytes_max = 1u << 20;  // with white space
constexpr std::size_t idempotency_key_bytes_max = 255;
constexpr std::int64_t priority_default = 50;
constexpr std::int64_t jobs_listed_max = 200;
constexpr std::int64_t jobs_listed_default = 50;
// Rows looked at for one list: a filter that matches little answers fewer, not late.
constexpr std::size_t jobs_scanned_max = 100'000;

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const schemas::queue::JobType& type : schemas::queue::job_types().all) names.push_back(type.name);
  return names;
}

// --- enqueue --------------------------------------------------------------------------------------------------------

struct Enqueue {
  std::string type;
  std::string payload;
  std::int64_t priority = priority_default;
  std::optional<core::Timestamp> run_after;
  std::optional<std::string> idempotency_key;
};

core::Result<Enqueue> read_enqueue(const http::Request& request, RequestFaults& faults) {
  check_query(request, {}, faults);
  core::Result<CheckedBody> body =
      CheckedBody::read(request, {"job_type", "payload", "priority", "run_after", "idempotency_key"}, faults);
  if (body.has_error()) return body.error();
  Enqueue enqueue;
  enqueue.type = body->word("job_type", type_names());
  enqueue.payload = body->object("payload", payload_bytes_max);
  enqueue.priority = body->integer("priority", 0, core::job_queue::priority_max, priority_default);
  enqueue.run_after = body->optional_time("run_after");
  enqueue.idempotency_key = body->optional_text("idempotency_key", idempotency_key_bytes_max);
  return enqueue;
}

core::Result<core::Digest> keep(const App& app, const core::OrgId& org, const std::string& payload) {
  core::Result<std::unique_ptr<processors::BlobWriter>> blob = app.blobs.create(org);
  if (blob.has_error()) return blob.error();
  if (const auto appended = (*blob)->append(payload); appended.has_error()) return appended.error();
  return (*blob)->finish();
}

core::job_queue::EnqueueJob enqueue_command(const App& app, const core::OrgId& org, const Enqueue& enqueue,
                                            const core::Digest& payload) {
  core::job_queue::EnqueueJob command;
  command.org = org;
  command.job = core::JobId("job_" + adapters::random::make_ulid(app.now()));
  command.type = enqueue.type;
  command.payload = payload;
  command.priority = static_cast<std::uint32_t>(enqueue.priority);
  command.run_after = enqueue.run_after;
  if (enqueue.idempotency_key) {
    const std::string content = enqueue.type + "\n" + payload.value() + "\n" + std::to_string(enqueue.priority) + "\n" +
                                (enqueue.run_after ? schemas::to_rfc3339(*enqueue.run_after) : "");
    command.idempotency = core::batch::Idempotency{
        idempotency_digest("POST /api/v1/batch/enqueue", *enqueue.idempotency_key), schemas::sha256(content)};
  }
  return command;
}

http::awaitable<Outcome> enqueue_job(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  const core::Result<Enqueue> enqueue = read_enqueue(request, faults);
  if (enqueue.has_error()) co_return enqueue.error();
  if (!faults.none()) co_return faults.response();

  auto keep_payload = [&app, &enqueue, &principal] { return keep(app, principal->org, enqueue->payload); };
  const core::Result<core::Digest> payload = co_await http::run_on(app.blocking, std::move(keep_payload));
  if (payload.has_error()) co_return payload.error();
  core::Command enqueuing = enqueue_command(app, principal->org, *enqueue, *payload);
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(enqueuing));
  if (answer.has_error()) co_return answer.error();
  const core::Result<Job> job = find_job(app, principal->org, core::JobId(answer->subject));
  if (job.has_error()) co_return job.error();

  JsonText json;
  json.boolean("success", true).json("job", render_job(*job));
  json.text("message", answer->replayed ? "This idempotency_key has made this job before."
                                        : "The job waits. POST /api/v1/batch/internal/flush takes it into a batch.");
  // As if it were flushed as soon as it is due.
  const core::Timestamp begin = std::max(job->created_at, job->run_after.value_or(job->created_at));
  json.time("estimated_completion", begin + core::sla_window(core::SlaTier::standard));
  http::Response response = http::json(200, std::move(json).finish());
  if (answer->replayed) response.headers.set("Idempotent-Replayed", "true");
  co_return response;
}

// --- reading --------------------------------------------------------------------------------------------------------

core::Result<QueueStats> stats_of(const App& app, const core::OrgId& org) {
  core::Result<std::optional<QueueStats>> stats = app.reader.find<QueueStats>(core::aggregate_of(org), {org});
  if (stats.has_error()) return stats.error();
  if (*stats) return std::move(**stats);
  QueueStats none;
  none.org = org;
  return none;
}

struct JobList {
  std::optional<Phase> status;
  std::int64_t limit = jobs_listed_default;
};

JobList read_list(const http::Request& request, RequestFaults& faults) {
  check_query(request, {"status_filter", "limit"}, faults);
  JobList list;
  if (const auto limit = request.query("limit"))
    list.limit = checked_integer(*limit, 1, jobs_listed_max, {"query", "limit"}, shown_text(*limit), faults);
  if (const auto status = request.query("status_filter")) {
    list.status = core::job_queue::phase_from_string(*status);
    check_word(*status, {"pending", "processing", "completed", "failed", "cancelled"}, {"query", "status_filter"},
               shown_text(*status), faults);
  }
  return list;
}

core::Result<std::string> list_text(const App& app, const core::OrgId& org, const JobList& list) {
  const core::Result<QueueStats> stats = stats_of(app, org);
  if (stats.has_error()) return stats.error();
  const std::uint64_t total = list.status ? stats->count_of(*list.status) : stats->total();
  const std::uint64_t wanted = std::min<std::uint64_t>(total, static_cast<std::uint64_t>(list.limit));
  std::uint64_t found = 0;
  std::size_t scanned = 0;
  JsonText json;
  json.array("jobs");
  const core::Result<void> listed = app.reader.list<Job>(core::aggregate_of(org), schemas::row_prefix<Job>(org), "",
                                                         processors::Order::newest_first, [&](const Job& job) {
                                                           if (found == wanted || ++scanned > jobs_scanned_max)
                                                             return false;
                                                           if (list.status && job.phase != *list.status) return true;
                                                           json.element_json(render_job(job));
                                                           ++found;
                                                           return true;
                                                         });
  if (listed.has_error()) return listed.error();
  json.end_array().number("total_count", total).number("pending_count", stats->pending);
  json.number("processing_count", stats->processing);
  return std::move(json).finish();
}

http::awaitable<Outcome> list_jobs(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  const JobList list = read_list(request, faults);
  if (!faults.none()) co_return faults.response();
  auto read = [&app, &principal, &list] { return list_text(app, principal->org, list); };
  core::Result<std::string> text = co_await http::run_on(app.blocking, std::move(read));
  if (text.has_error()) co_return text.error();
  co_return http::json(200, std::move(*text));
}

core::Result<std::string> stats_text(const App& app, const core::OrgId& org) {
  const core::Result<QueueStats> stats = stats_of(app, org);
  if (stats.has_error()) return stats.error();
  return render_queue_stats(*stats);
}

core::Result<std::string> job_text(const App& app, const core::OrgId& org, const core::JobId& id) {
  const core::Result<Job> job = find_job(app, org, id);
  if (job.has_error()) return job.error();
  return render_job(*job);
}

std::string result_without_row(const Job& job, std::string_view code, std::string_view message) {
  JsonText json;
  json.text("job_id", job.id.value()).text("job_type", job.type);
  json.text("status", core::job_queue::to_string(job.phase));
  for (const char* name : {"output", "text", "model", "provider", "finish_reason", "usage", "cost"}) json.null(name);
  json.object("error").text("code", code).text("message", message);
  json.end_object();
  return std::move(json).finish();
}

core::Result<std::string> result_text(const App& app, const core::OrgId& org, const core::JobId& id) {
  const core::Result<Job> job = find_job(app, org, id);
  if (job.has_error()) return job.error();
  if (!core::job_queue::terminal(job->phase))
    return Error{ErrorCode::job_not_finished,
                 "the job is " + std::string(core::job_queue::to_string(job->phase)) + "; ask again when it has ended"};
  if (!job->outcome) return result_without_row(*job, "cancelled", "The job was cancelled while it waited.");
  if (job->outcome->row.bytes == 0)
    return result_without_row(*job, job->outcome->error,
                              "What the job came to could not be read any more. Enqueue it again.");
  const auto unit =
      app.reader.find<core::batch::Unit>(core::aggregate_of(org), {org, *job->batch, job->outcome->row.unit});
  if (unit.has_error()) return unit.error();
  if (!*unit) return Error{ErrorCode::log_corrupt, "the work unit of job " + id.value() + " is missing"};
  const core::Result<std::string> row = processors::read_job_row(app.blobs, **unit, *job->outcome);
  if (row.has_error()) return row.error();
  return schemas::queue::render_job_result(*row, job->type, core::job_queue::to_string(job->phase));
}

// What is read for an org, or for one of its jobs, and blocks.
using Read = core::Result<std::string> (*)(const App&, const core::OrgId&, const core::JobId&);

http::awaitable<Outcome> answer_read(const App& app, http::Request& request, Read read) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  check_query(request, {}, faults);
  if (!faults.none()) co_return faults.response();
  const core::JobId job(request.path_parameters.empty() ? "" : request.path_parameter("job_id"));
  auto work = [&app, &principal, &job, read] { return read(app, principal->org, job); };
  core::Result<std::string> text = co_await http::run_on(app.blocking, std::move(work));
  if (text.has_error()) co_return text.error();
  http::Response response = http::json(200, std::move(*text));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

// --- cancel ---------------------------------------------------------------------------------------------------------

http::awaitable<Outcome> cancel_job(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  RequestFaults faults;
  check_query(request, {}, faults);
  if (!faults.none()) co_return faults.response();
  core::Command cancel = core::job_queue::CancelJob{principal->org, core::JobId(request.path_parameter("job_id"))};
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(cancel));
  if (answer.has_error()) co_return answer.error();
  JsonText json;
  json.boolean("success", true).boolean("cancelled", true);
  co_return http::json(200, std::move(json).finish());
}

}  // namespace

void add_job_queue(http::Router& router, const App& app) {
  const auto add_read = [&](const char* pattern, Read read) {
    router.add(http::Method::get, pattern,
               [&app, read](http::Request& request) { return answered(request, answer_read(app, request, read)); },
               {.access = org});
  };
  router.add(http::Method::post, "/api/v1/batch/enqueue",
             [&app](http::Request& request) { return answered(request, enqueue_job(app, request)); },
             {.body = http::Body::small, .body_bytes_max = enqueue_bytes_max, .access = org});
  router.add(http::Method::get, "/api/v1/batch/jobs",
             [&app](http::Request& request) { return answered(request, list_jobs(app, request)); }, {.access = org});
  add_read("/api/v1/batch/jobs/{job_id}", job_text);
  router.add(http::Method::post, "/api/v1/batch/jobs/{job_id}/cancel",
             [&app](http::Request& request) { return answered(request, cancel_job(app, request)); }, {.access = org});
  add_read("/api/v1/batch/jobs/{job_id}/result", result_text);
  add_read("/api/v1/batch/stats",
           [](const App& of, const core::OrgId& org_id, const core::JobId&) { return stats_text(of, org_id); });
}

}  // namespace api::resources
