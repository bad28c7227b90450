// POST and GET /v1/batches, GET /v1/batches/{id}, POST /v1/batches/{id}/cancel and /retry.
#include <algorithm>
#include <memory>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/cursor.h"
#include "api/funding.h"
#include "api/http/problem.h"
#include "api/idempotency.h"
#include "api/json_text.h"
#include "api/manifest_body.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/retry_items.h"
#include "schemas/digest.h"

namespace api::resources {

namespace {

using core::batch::Batch;

constexpr std::size_t batches_per_page_default = 20;
constexpr std::size_t batches_per_page_max = 100;
// Rows looked at for one page: a filter that matches little answers a short page with a cursor, not a long wait.
constexpr std::size_t batches_scanned_max = 2'000;

http::awaitable<http::Response> respond(const App& app, http::Request& request, int status, const Batch& batch,
                                        Receipt receipt) {
  auto work = [&app, &batch, receipt] { return load_details(app, batch, receipt); };
  const core::Result<BatchDetails> details = co_await http::run_on(app.blocking, std::move(work));
  if (details.has_error()) co_return http::problem(details.error(), request);
  co_return http::json(status, render_batch(app, batch, *details));
}

// --- submission -----------------------------------------------------------------------------------------------------

// An Idempotency-Key while its request runs.
struct Keyed {
  std::optional<core::batch::Idempotency> idempotency;  // absent: the request carries no key
  std::unique_ptr<KeysInFlight::Hold> hold;
  std::optional<Batch> first;  // the batch that this key made before
};

core::Result<Keyed> hold_key(const App& app, KeysInFlight& keys, const http::Request& request, const core::OrgId& org,
                             const core::Digest& fingerprint) {
  Keyed keyed;
  const core::Result<std::optional<std::string>> key = idempotency_key(request);
  if (key.has_error()) return key.error();
  if (!*key) return keyed;
  keyed.idempotency = core::batch::Idempotency{idempotency_digest("POST /v1/batches", **key), fingerprint};
  keyed.hold = keys.try_hold(org, keyed.idempotency->key);
  if (!keyed.hold)
    return core::Error{core::ErrorCode::idempotency_in_flight,
                       "a request with this Idempotency-Key is still running; wait and send it again",
                       "Idempotency-Key"};
  const auto submission =
      app.reader.find<core::batch::Submission>(core::aggregate_of(org), {org, keyed.idempotency->key});
  if (submission.has_error()) return submission.error();
  if (!*submission) return keyed;
  if ((*submission)->fingerprint != fingerprint)
    return core::Error{core::ErrorCode::idempotency_conflict,
                       "this Idempotency-Key was used with another request; use a new key for a new request",
                       "Idempotency-Key"};
  core::Result<Batch> batch = find_batch(app, org, (*submission)->batch);
  if (batch.has_error()) return batch.error();
  keyed.first = std::move(*batch);
  return keyed;
}

http::Response insufficient_credits(const App& app, const http::Request& request, const core::OrgId& org,
                                    const core::Error& error, core::Money total) {
  const core::Result<std::string> funding = funding_preview_json(app, org, total);
  if (funding.has_error()) return http::problem(funding.error(), request);
  return http::problem(error, request, {{"funding_preview", *funding}});
}

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

http::awaitable<http::Response> submit(const App& app, http::Request& request, core::batch::SubmitBatch submit,
                                       core::Money total) {
  const core::OrgId org = submit.org;
  const core::Result<processors::Answer> answer = co_await command(app, core::aggregate_of(org), std::move(submit));
  if (answer.has_error()) {
    if (answer.error().code == core::ErrorCode::insufficient_credits)
      co_return insufficient_credits(app, request, org, answer.error(), total);
    co_return http::problem(answer.error(), request);
  }
  core::Result<Batch> batch = find_batch(app, org, core::BatchId(answer->subject));
  if (batch.has_error()) co_return http::problem(batch.error(), request);
  if (!answer->replayed)
    info(app.log, "batch_accepted",
         {{"batch", batch->id.value()}, {"org", org.value()}, {"items", batch->plan.item_count}});
  co_return co_await accepted(app, request, std::move(*batch), answer->replayed);
}

// A batch from a quote that kept its manifest: {"quote_id": …}, perhaps with another webhook.
bool names_only_a_quote(const schemas::manifest::Summary& summary) {
  return summary.quote_id && summary.item_count == 0 && summary.fault_count == 1 &&
         summary.faults.front().code == "items_required";
}

struct Submission {
  core::batch::SubmitBatch command;
  core::Money total;
};

// Turns what was sent into a submission, locking a quote where it names none.
// An Error, or a response that says more than one.
using Prepared = std::variant<Submission, core::Error, http::Response>;

http::awaitable<Prepared> prepare(const App& app, http::Request& request, const core::OrgId& org,
                                  const SpooledBody& body) {
  core::Result<processors::ReceivedManifest> manifest = co_await receive_manifest(app, body);
  if (manifest.has_error()) co_return manifest.error();
  const schemas::manifest::Summary& summary = manifest->summary;
  const bool quote_alone = names_only_a_quote(summary);
  if (summary.fault_count > 0 && !quote_alone) co_return faults_response(request, summary.faults, summary.fault_count);

  Submission submission;
  core::batch::SubmitBatch& submit = submission.command;
  submit.org = org;
  submit.batch = core::BatchId("bat_" + adapters::random::make_ulid(app.now()));
  if (summary.header.webhook) {
    core::Result<core::Sealed> sealed = seal_webhook(app, org, *summary.header.webhook);
    if (sealed.has_error()) co_return sealed.error();
    submit.webhook = std::move(*sealed);
  }

  std::optional<core::quote::Quote> quote;
  if (summary.quote_id) {
    submit.quote = core::QuoteId(*summary.quote_id);
    auto found = app.reader.find<core::quote::Quote>(core::aggregate_of(org), {org, submit.quote});
    if (found.has_error()) co_return found.error();
    if (!*found)
      co_return core::Error{core::ErrorCode::quote_not_found,
                            "there is no such quote; make one with POST /v1/quotes/model", "quote_id"};
    quote = std::move(**found);
    submission.total = quote->plan.total;
    if (!quote_alone) submit.content = summary.digest;
    if (quote_alone || quote->basis == core::quote::Basis::manifest) co_return submission;
  }

  core::Result<processors::PlannedManifest> planned = co_await plan_manifest(app, org, *manifest);
  if (planned.has_error()) co_return planned.error();
  if (planned->fault_count > 0) co_return faults_response(request, planned->faults, planned->fault_count);
  submission.total = planned->plan.total;
  if (quote) {
    submit.plan = std::move(planned->plan);
    submit.terms = core::quote::terms_of(summary.header);
    co_return submission;
  }
  core::Result<core::quote::LockQuote> lock = lock_command(app, org, summary.header, std::move(*planned));
  if (lock.has_error()) co_return lock.error();
  submit.quote = lock->quote;
  const core::Result<processors::Answer> locked = co_await command(app, core::aggregate_of(org), std::move(*lock));
  if (locked.has_error()) co_return locked.error();
  co_return submission;
}

http::awaitable<http::Response> create_batch(const App& app, KeysInFlight& keys, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::Result<SpooledBody> body = co_await spool_body(app, request);
  if (body.has_error()) co_return http::problem(body.error(), request);
  core::Result<Keyed> keyed = hold_key(app, keys, request, principal->org, body->digest);
  if (keyed.has_error()) co_return http::problem(keyed.error(), request);
  if (keyed->first) co_return co_await accepted(app, request, std::move(*keyed->first), true);

  Prepared prepared = co_await prepare(app, request, principal->org, *body);
  if (auto* response = std::get_if<http::Response>(&prepared)) co_return std::move(*response);
  if (const auto* error = std::get_if<core::Error>(&prepared)) co_return http::problem(*error, request);
  auto& [command, total] = std::get<Submission>(prepared);
  command.idempotency = keyed->idempotency;
  co_return co_await submit(app, request, std::move(command), total);
}

// --- reading --------------------------------------------------------------------------------------------------------

struct ListQuery {
  std::size_t limit = batches_per_page_default;
  std::optional<core::batch::Phase> status;
  std::string after;  // key of the last row of the page before
};

core::Result<ListQuery> parse_list_query(const App& app, const http::Request& request, const core::OrgId& org) {
  ListQuery query;
  for (const auto& [name, value] : request.query_parameters) {
    if (name == "limit") {
      const bool digits = !value.empty() && value.size() <= 3 && std::all_of(value.begin(), value.end(), ::isdigit);
      query.limit = digits ? std::stoul(value) : 0;
      if (query.limit == 0 || query.limit > batches_per_page_max)
        return core::Error{core::ErrorCode::invalid_request, "'limit' must be from 1 to 100", "limit"};
    } else if (name == "status") {
      query.status = core::batch::phase_from_string(value == "canceled" ? "cancelled" : value);
      if (!query.status)
        return core::Error{core::ErrorCode::invalid_request, "'status' must be one of a batch's statuses", "status"};
    } else if (name == "cursor") {
      core::Result<std::string> after = open_cursor(app.vault, {"batches", org}, value);
      if (after.has_error()) return after.error();
      query.after = std::move(*after);
    } else {
      return core::Error{core::ErrorCode::invalid_request,
                         "'" + name + "' is not a parameter of this list; there are limit, status and cursor", name};
    }
  }
  return query;
}

http::awaitable<http::Response> list_batches(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  const core::OrgId& org = principal->org;
  const core::Result<ListQuery> query = parse_list_query(app, request, org);
  if (query.has_error()) co_return http::problem(query.error(), request);

  std::vector<Batch> page;
  std::string last;  // key of the last row looked at
  std::size_t scanned = 0;
  bool more = false;
  const auto listed = app.reader.list<Batch>(core::aggregate_of(org), schemas::row_prefix<Batch>(org), query->after,
                                             processors::Order::newest_first, [&](Batch batch) {
                                               more = page.size() == query->limit || scanned == batches_scanned_max;
                                               if (more) return false;
                                               ++scanned;
                                               last = schemas::row_key<Batch>(batch.key());
                                               if (!query->status || batch.phase == *query->status)
                                                 page.push_back(std::move(batch));
                                               return true;
                                             });
  if (listed.has_error()) co_return http::problem(listed.error(), request);

  JsonText json;
  json.text("object", "list").array("data");
  for (const Batch& batch : page) json.element_json(render_batch(app, batch));
  json.end_array().boolean("has_more", more);
  json.text_or_null("next_cursor", more ? seal_cursor(app.vault, {"batches", org}, last) : "");
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
  core::Result<Keyed> keyed = hold_key(app, keys, request, org, schemas::sha256("retry\n" + batch->id.value()));
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
    return make_intake(app).plan(*items, app.now(), *scores);
  };
  core::Result<processors::PlannedManifest> planned = co_await http::run_on(app.blocking, std::move(work));
  if (planned.has_error()) co_return http::problem(planned.error(), request);
  if (planned->fault_count > 0) co_return faults_response(request, planned->faults, planned->fault_count);

  core::quote::LockQuote lock;
  lock.org = org;
  lock.quote = core::QuoteId("qlock_" + adapters::random::make_ulid(app.now()));
  lock.terms = retry_terms(batch->terms);
  lock.plan = std::move(planned->plan);
  lock.rejected = std::move(planned->rejected);
  lock.catalog_version = app.catalog.version();
  lock.webhook = batch->webhook;
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
