// POST and GET /v1/batches, GET /v1/batches/{id}, POST /v1/batches/{id}/cancel and /retry.
#include <memory>
#include <string>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/batch_list.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/retry_items.h"
#include "api/submission.h"
#include "schemas/digest.h"

namespace api::resources {

namespace {

using core::batch::Batch;

// Keys of retries are those of submissions: both make batches.
const std::string keyed_route = "POST /v1/batches";

http::awaitable<http::Response> respond(const App& app, http::Request& request, int status, const Batch& batch,
                                        Receipt receipt) {
  auto work = [&app, &batch, receipt] { return load_details(app, batch, receipt); };
  const core::Result<BatchDetails> details = co_await http::run_on(app.blocking, std::move(work));
  if (details.has_error()) co_return http::problem(details.error(), request);
  co_return http::json(status, render_batch(app, batch, *details));
}

// --- submission -----------------------------------------------------------------------------------------------------

// The answer to a submission, the first time and each time after.
http::awaitable<http::Response> accepted(const App& app, http::Request& request, Batch batch, bool replayed) {
  batch = as_accepted(std::move(batch));
  auto work = [&app, &batch] { return load_details(app, batch, Receipt::leave_out); };
  core::Result<BatchDetails> details = co_await http::run_on(app.blocking, std::move(work));
  if (details.has_error()) co_return http::problem(details.error(), request);
  details->units.clear();
  http::Response response = http::json(201, render_batch(app, batch, *details));
  response.headers.set("Location", "/v1/batches/" + batch.id.value());
  if (replayed) response.headers.set("Idempotent-Replayed", "true");
  co_return response;
}

http::awaitable<http::Response> submit(const App& app, http::Request& request, core::batch::SubmitBatch command,
                                       core::Money total) {
  const core::OrgId org = command.org;
  core::Result<Submitted> submitted = co_await submit_batch(app, std::move(command));
  if (submitted.has_error()) co_return submission_refused(app, request, org, submitted.error(), total);
  co_return co_await accepted(app, request, std::move(submitted->batch), submitted->replayed);
}

http::awaitable<http::Response> create_batch(const App& app, KeysInFlight& keys, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::Result<SpooledBody> body = co_await spool_body(app, request);
  if (body.has_error()) co_return http::problem(body.error(), request);
  core::Result<Keyed> keyed = hold_key(app, keys, request, keyed_route, principal->org, body->digest);
  if (keyed.has_error()) co_return http::problem(keyed.error(), request);
  if (keyed->first) co_return co_await accepted(app, request, std::move(*keyed->first), true);

  const std::string no_workflow;
  PreparedSubmission prepared = co_await prepare_submission(app, principal->org, *body, no_workflow);
  if (const auto* faults = std::get_if<Faults>(&prepared)) co_return faults_response(request, *faults);
  if (const auto* error = std::get_if<core::Error>(&prepared)) co_return http::problem(*error, request);
  auto& [command, total] = std::get<Submission>(prepared);
  command.idempotency = keyed->idempotency;
  co_return co_await submit(app, request, std::move(command), total);
}

// --- reading --------------------------------------------------------------------------------------------------------

http::awaitable<http::Response> list_batches(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  const core::OrgId& org = principal->org;
  const core::Result<BatchPage> page = api::list_batches(app, request, org);
  if (page.has_error()) co_return http::problem(page.error(), request);
  JsonText json;
  json.text("object", "list").array("data");
  for (const Batch& batch : page->batches) json.element_json(render_batch(app, batch));
  json.end_array().boolean("has_more", page->more).text_or_null("next_cursor", page->next_cursor);
  co_return http::json(200, std::move(json).finish());
}

http::awaitable<http::Response> get_batch(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {"include_billing_receipt"}); query.has_error())
    co_return http::problem(query.error(), request);
  const core::Result<Batch> batch = find_batch(app, principal->org, core::BatchId(request.path_parameter("id")));
  if (batch.has_error()) co_return http::problem(batch.error(), request);
  const core::Result<bool> receipt = query_flag(request, "include_billing_receipt");
  if (receipt.has_error()) co_return http::problem(receipt.error(), request);
  co_return co_await respond(app, request, 200, *batch, *receipt ? Receipt::include : Receipt::leave_out);
}

// --- cancel and retry -----------------------------------------------------------------------------------------------

http::awaitable<http::Response> cancel_batch(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::BatchId id(request.path_parameter("id"));
  core::batch::CancelBatch cancel;
  cancel.org = principal->org;
  cancel.batch = id;
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(cancel));
  if (answer.has_error()) co_return http::problem(answer.error(), request);
  const core::Result<Batch> batch = find_batch(app, principal->org, id);
  if (batch.has_error()) co_return http::problem(batch.error(), request);
  co_return co_await respond(app, request, 200, *batch, Receipt::leave_out);
}

http::awaitable<http::Response> retry_batch(const App& app, KeysInFlight& keys, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::OrgId& org = principal->org;
  const core::Result<Batch> batch = find_batch(app, org, core::BatchId(request.path_parameter("id")));
  if (batch.has_error()) co_return http::problem(batch.error(), request);
  core::Result<Keyed> keyed =
      hold_key(app, keys, request, keyed_route, org, schemas::sha256("retry\n" + batch->id.value()));
  if (keyed.has_error()) co_return http::problem(keyed.error(), request);
  if (keyed->first) co_return co_await accepted(app, request, std::move(*keyed->first), true);
  if (!core::batch::terminal(batch->phase))
    co_return http::problem(
        {core::ErrorCode::batch_not_finished, "the batch is still running; retry its failed items when it has ended"},
        request);

  auto work = [&app, &batch]() -> core::Result<processors::PlannedManifest> {
    core::Result<processors::ReplannedItems> items = collect_retry_items(app, *batch);
    if (items.has_error()) return items.error();
    const core::Result<core::learning::Scores> scores = scores_of(app, batch->org);
    if (scores.has_error()) return scores.error();
    return make_intake(app, batch->org).plan(*items, app.now(), *scores);
  };
  core::Result<processors::PlannedManifest> planned = co_await http::run_on(app.long_work, std::move(work));
  if (planned.has_error()) co_return http::problem(planned.error(), request);
  Faults faults;
  faults.listed = std::move(planned->faults);
  faults.count = planned->fault_count;
  if (faults.count > 0) co_return faults_response(request, faults);

  core::quote::LockQuote lock;
  lock.org = org;
  lock.quote = core::QuoteId("qlock_" + adapters::random::make_ulid(app.now()));
  lock.terms = retry_terms(batch->terms);
  lock.plan = std::move(planned->plan);
  lock.rejected = std::move(planned->rejected);
  lock.catalog_version = app.catalog.version();
  lock.webhook = batch->webhook;
  lock.workflow = batch->workflow;
  core::batch::SubmitBatch retry;
  retry.org = org;
  retry.batch = core::BatchId("bat_" + adapters::random::make_ulid(app.now()));
  retry.quote = lock.quote;
  retry.retry_of = batch->id;
  retry.idempotency = keyed->idempotency;
  const core::Money total = lock.plan.total;
  const core::Result<processors::Answer> locked = co_await command(app, core::aggregate_of(org), std::move(lock));
  if (locked.has_error()) co_return http::problem(locked.error(), request);
  co_return co_await submit(app, request, std::move(retry), total);
}

}  // namespace

void add_batches(http::Router& router, const App& app) {
  auto keys = std::make_shared<KeysInFlight>();
  router.add(http::Method::post, "/v1/batches",
             [&app, keys](http::Request& request) { return create_batch(app, *keys, request); },
             {http::Body::stream, app.settings.body_bytes_max, org});
  router.add(http::Method::get, "/v1/batches", [&app](http::Request& request) { return list_batches(app, request); },
             {http::Body::none, 0, org});
  router.add(http::Method::get, "/v1/batches/{id}", [&app](http::Request& request) { return get_batch(app, request); },
             {http::Body::none, 0, org});
  router.add(http::Method::post, "/v1/batches/{id}/cancel",
             [&app](http::Request& request) { return cancel_batch(app, request); }, {http::Body::none, 0, org});
  router.add(http::Method::post, "/v1/batches/{id}/retry",
             [&app, keys](http::Request& request) { return retry_batch(app, *keys, request); },
             {http::Body::none, 0, org});
}

}  // namespace api::resources
