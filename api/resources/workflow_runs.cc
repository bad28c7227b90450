// POST /v1/quotes/workflow, POST and GET /v1/workflows/{slug}/runs, GET /v1/workflows/{slug}/runs/{run}.
//
// A run is a batch under another name: no row of its own, and all that can be done with batches can be done with it.

#include <utility>

#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/batch_list.h"
#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/quote_response.h"
#include "api/render_batch.h"
#include "api/resources/resources.h"
#include "api/results_page.h"
#include "api/submission.h"
#include "api/workflow_order.h"
#include "schemas/dialect/json.h"

namespace api::resources {

namespace {

using core::batch::Batch;
using schemas::workflows::Product;

constexpr std::string_view run_prefix = "run_";
constexpr std::string_view batch_prefix = "bat_";

std::string run_of(const core::BatchId& batch) {
  return std::string(run_prefix) + batch.value().substr(batch_prefix.size());
}

// --- quotes ---------------------------------------------------------------------------------------------------------

http::awaitable<http::Response> create_quote(const App& app, Products products, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::Result<SpooledBody> body = co_await spool_body(app, request);
  if (body.has_error()) co_return http::problem(body.error(), request);
  const std::string any_product;
  ReadOrder read = co_await read_order(app, products, *body, any_product);
  if (const auto* faults = std::get_if<Faults>(&read)) co_return faults_response(request, *faults);
  if (const auto* error = std::get_if<core::Error>(&read)) co_return http::problem(*error, request);
  const OrderedManifest& ordered = std::get<OrderedManifest>(read);
  if (!ordered.order.quote_id.empty())
    co_return http::problem(
        {core::ErrorCode::unknown_field, "'quote_id' is what this answers: leave it out", "quote_id"}, request);

  LockedManifest manifest = co_await lock_manifest(app, principal->org, ordered.body);
  if (auto* faults = std::get_if<Faults>(&manifest))
    co_return faults_response(request, faults_of_order(ordered.order, std::move(*faults)));
  if (const auto* error = std::get_if<core::Error>(&manifest)) co_return http::problem(*error, request);
  core::quote::LockQuote lock = std::get<core::quote::LockQuote>(std::move(manifest));
  lock.workflow = ordered.product->slug;
  const core::QuoteId quote = lock.quote;
  const core::Result<processors::Answer> locked =
      co_await command(app, core::aggregate_of(principal->org), std::move(lock));
  if (locked.has_error()) co_return http::problem(locked.error(), request);
  co_return quote_response(app, request, principal->org, quote, 201);
}

// --- runs -----------------------------------------------------------------------------------------------------------

void add_links(JsonText& json, const Batch& batch) {
  const std::string path = "/v1/batches/" + batch.id.value();
  json.text("url", "/v1/workflows/" + batch.workflow + "/runs/" + run_of(batch.id));
  json.object("links").text("batch", path).text("results", path + "/results");
  json.text("output_file", path + "/artifact-url?kind=output").text("error_file", path + "/artifact-url?kind=error");
  json.text("cancel", path + "/cancel").end_object();
}

void add_run(JsonText& json, const Batch& batch) {
  json.text("id", run_of(batch.id)).text("object", "workflow_run").text("workflow", batch.workflow);
  json.text("status", core::batch::to_string(batch.phase)).text("state", state_word(batch.phase));
  json.text("batch_id", batch.id.value()).text("quote_id", batch.quote.value());
  json.number("item_count", batch.plan.item_count);
  json.time("created_at", batch.created_at).time("sla_deadline", batch.deadline);
  json.time_or_null("ended_at", batch.ended_at);
  json.object("pricing_estimate").money("total", batch.plan.total).text("currency", "usd").end_object();
  json.boolean("webhook_configured", batch.webhook.has_value());
  add_links(json, batch);
}

http::Response accepted(Batch batch, bool replayed) {
  batch = as_accepted(std::move(batch));
  JsonText json;
  add_run(json, batch);
  http::Response response = http::json(201, std::move(json).finish());
  response.headers.set("Location", "/v1/workflows/" + batch.workflow + "/runs/" + run_of(batch.id));
  if (replayed) response.headers.set("Idempotent-Replayed", "true");
  return response;
}

http::awaitable<http::Response> create_run(const App& app, Products products, KeysInFlight& keys,
                                           http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::OrgId& org = principal->org;
  const std::string slug = request.path_parameter("slug");
  const core::Result<const Product*> product = find_product(products, slug);
  if (product.has_error()) co_return http::problem(product.error(), request);
  const core::Result<SpooledBody> body = co_await spool_body(app, request);
  if (body.has_error()) co_return http::problem(body.error(), request);
  core::Result<Keyed> keyed = hold_key(app, keys, request, "POST /v1/workflows/" + slug + "/runs", org, body->digest);
  if (keyed.has_error()) co_return http::problem(keyed.error(), request);
  if (keyed->first) co_return accepted(std::move(*keyed->first), true);

  ReadOrder read = co_await read_order(app, products, *body, slug);
  if (const auto* faults = std::get_if<Faults>(&read)) co_return faults_response(request, *faults);
  if (const auto* error = std::get_if<core::Error>(&read)) co_return http::problem(*error, request);
  const OrderedManifest& ordered = std::get<OrderedManifest>(read);
  PreparedSubmission prepared = co_await prepare_submission(app, org, ordered.body, slug);
  if (auto* faults = std::get_if<Faults>(&prepared))
    co_return faults_response(request, faults_of_order(ordered.order, std::move(*faults)));
  if (const auto* error = std::get_if<core::Error>(&prepared)) co_return http::problem(*error, request);
  Submission submission = std::get<Submission>(std::move(prepared));
  submission.command.idempotency = keyed->idempotency;
  core::Result<Submitted> submitted = co_await submit_batch(app, std::move(submission.command));
  if (submitted.has_error()) co_return submission_refused(app, request, org, submitted.error(), submission.total);
  co_return accepted(std::move(submitted->batch), submitted->replayed);
}

http::awaitable<Outcome> list_runs(const App& app, Products products, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::Result<const Product*> product = find_product(products, request.path_parameter("slug"));
  if (product.has_error()) co_return product.error();
  const core::Result<BatchPage> page = list_batches(app, request, principal->org, (*product)->slug);
  if (page.has_error()) co_return page.error();
  JsonText json;
  json.text("object", "list").array("data");
  for (const Batch& batch : page->batches) {
    json.element();
    add_run(json, batch);
    json.end_object();
  }
  json.end_array().boolean("has_more", page->more).text_or_null("next_cursor", page->next_cursor);
  co_return http::json(200, std::move(json).finish());
}

core::Result<Batch> find_run(const App& app, const core::OrgId& org, const Product& product, const std::string& run) {
  const core::Error unknown{core::ErrorCode::run_not_found, "this workflow has no such run"};
  if (!run.starts_with(run_prefix)) return unknown;
  const core::BatchId id(std::string(batch_prefix) + run.substr(run_prefix.size()));
  core::Result<Batch> batch = find_batch(app, org, id);
  if (batch.has_error()) return batch.error().code == core::ErrorCode::batch_not_found ? unknown : batch.error();
  if (batch->workflow != product.slug) return unknown;
  return batch;
}

// The one row of a batch of one item; empty: it has none. Blocks on files.
core::Result<std::string> only_row(const App& app, const Batch& batch) {
  using Unit = core::batch::Unit;
  ResultsPage page(app.blobs, batch.id, {}, 1);
  core::Result<bool> added = true;
  const core::Result<void> listed =
      app.reader.list<Unit>(core::aggregate_of(batch.org), schemas::row_prefix<Unit>(batch.org, batch.id), "",
                            processors::Order::oldest_first, [&](const Unit& unit) {
                              added = page.add(unit);
                              return added.has_value() && *added;
                            });
  if (listed.has_error()) return listed.error();
  if (added.has_error()) return added.error();
  return page.rows().empty() ? std::string() : page.rows().front();
}

// Blocks on files.
core::Result<std::string> render_run(const App& app, const Batch& batch) {
  const bool ended = core::batch::terminal(batch.phase);
  std::string row;
  if (ended && batch.plan.item_count == 1) {
    core::Result<std::string> found = only_row(app, batch);
    if (found.has_error()) return found.error();
    row = std::move(*found);
  }
  JsonText json;
  add_run(json, batch);
  core::batch::Progress progress = batch.closed;
  progress += batch.open;
  const core::batch::Tally& tally = progress.tally;
  json.object("request_counts").number("total", batch.plan.item_count).number("completed", tally.succeeded);
  json.number("failed", tally.total() - tally.succeeded);
  json.number("remaining", batch.plan.item_count - tally.total()).end_object();
  json.object("usage").number("input_tokens", progress.input_tokens);
  json.number("output_tokens", progress.output_tokens).end_object();
  if (ended)
    json.money("cost", batch.closed.charged);
  else
    json.null("cost");
  // In the words of the result row. Where there are many, they are in the files.
  if (row.empty()) row = "{}";
  const schemas::dialect::Object result{schemas::dialect::Json(row)};
  for (const char* member : {"output", "error", "model", "provider", "finish_reason"})
    json.json(member, result[member].text());
  return std::move(json).finish();
}

http::awaitable<Outcome> get_run(const App& app, Products products, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<const Product*> product = find_product(products, request.path_parameter("slug"));
  if (product.has_error()) co_return product.error();
  const core::Result<Batch> batch = find_run(app, principal->org, **product, request.path_parameter("run"));
  if (batch.has_error()) co_return batch.error();
  auto work = [&app, &batch] { return render_run(app, *batch); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(work));
  if (body.has_error()) co_return body.error();
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

void add_workflow_runs(http::Router& router, const App& app) {
  const auto products =
      std::make_shared<const std::vector<schemas::workflows::Product>>(schemas::workflows::built_in_products());
  const auto keys = std::make_shared<KeysInFlight>();
  const http::RouteOptions takes_inputs{http::Body::stream, schemas::workflows::order_bytes_max, org};
  router.add(
      http::Method::post, "/v1/quotes/workflow",
      [&app, products](http::Request& request) { return create_quote(app, products, request); }, takes_inputs);
  router.add(
      http::Method::post, "/v1/workflows/{slug}/runs",
      [&app, products, keys](http::Request& request) { return create_run(app, products, *keys, request); },
      takes_inputs);
  router.add(http::Method::get, "/v1/workflows/{slug}/runs",
             [&app, products](http::Request& request) { return answered(request, list_runs(app, products, request)); },
             {.access = org});
  router.add(http::Method::get, "/v1/workflows/{slug}/runs/{run}",
             [&app, products](http::Request& request) { return answered(request, get_run(app, products, request)); },
             {.access = org});
}

}  // namespace api::resources
