// GET /v1/batches/{id}/results and /v1/batches/{id}/artifact-url.

#include <chrono>
#include <utility>

#include "api/authentication.h"
#include "api/batch_details.h"
#include "api/cursor.h"
#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/results_page.h"
#include "processors/artifacts.h"

namespace api::resources {

namespace {

constexpr Bounds rows_per_page{1, 1000};
constexpr std::uint32_t rows_per_page_default = 100;

struct ResultsRequest {
  core::OrgId org;
  core::BatchId batch;
  std::uint32_t limit = rows_per_page_default;
  bool partial = false;
  RowForm form = RowForm::plain;
  std::optional<std::string> cursor;
};

core::Result<ResultsRequest> parse_results_request(const http::Request& request, const core::OrgId& org) {
  if (auto checked = check_query(request, {"limit", "cursor", "partial", "raw"}); checked.has_error())
    return checked.error();
  const core::Result<std::uint32_t> limit = query_number(request, "limit", rows_per_page, rows_per_page_default);
  if (limit.has_error()) return limit.error();
  const core::Result<bool> partial = query_flag(request, "partial");
  if (partial.has_error()) return partial.error();
  const core::Result<bool> raw = query_flag(request, "raw");
  if (raw.has_error()) return raw.error();

  ResultsRequest asked;
  asked.org = org;
  asked.batch = core::BatchId(request.path_parameter("id"));
  asked.limit = *limit;
  asked.partial = *partial;
  asked.form = *raw ? RowForm::with_raw : RowForm::plain;
  asked.cursor = request.query("cursor");
  return asked;
}

CursorScope scope_of(const ResultsRequest& asked) {
  return {"results", asked.org, asked.batch.value()};
}

core::Result<ResultsCursor> begin_of(const App& app, const ResultsRequest& asked) {
  if (!asked.cursor) {
    ResultsCursor first;
    first.form = asked.form;
    return first;
  }
  const core::Result<std::string> place = open_cursor(app.vault, scope_of(asked), *asked.cursor);
  if (place.has_error()) return place.error();
  core::Result<ResultsCursor> cursor = parse_results_cursor(*place);
  if (cursor.has_value() && cursor->form != asked.form)
    return core::Error{core::ErrorCode::invalid_cursor,
                       "this cursor was answered with another value of 'raw'; send the same one on every page",
                       "cursor"};
  return cursor;
}

core::Result<void> fill(const App& app, const ResultsRequest& asked, core::UnitIndex floor, ResultsPage& page) {
  using Unit = core::batch::Unit;
  std::string after;
  if (floor.value() > 0) after = schemas::row_key<Unit>({asked.org, asked.batch, core::UnitIndex(floor.value() - 1)});
  core::Result<bool> added = true;
  const core::Result<void> listed =
      app.reader.list<Unit>(core::aggregate_of(asked.org), schemas::row_prefix<Unit>(asked.org, asked.batch), after,
                            processors::Order::oldest_first, [&](const Unit& unit) {
                              added = page.add(unit);
                              return added.has_value() && *added;
                            });
  if (added.has_error()) return added.error();
  return listed;
}

// `next` is empty at the end of a batch that has ended.
std::string render(const ResultsPage& page, const std::string& next, bool has_more) {
  JsonText json;
  json.text("object", "list").array("results");
  for (const std::string& row : page.rows()) json.element_json(row);
  json.end_array().text_or_null("next_cursor", next).boolean("has_more", has_more);
  return std::move(json).finish();
}

core::Result<std::string> read_results(const App& app, const ResultsRequest& asked) {
  // The batch before its units: once it has ended they change no more, so that the end of the walk is the end.
  const core::Result<core::batch::Batch> batch = find_batch(app, asked.org, asked.batch);
  if (batch.has_error()) return batch.error();
  const bool ended = core::batch::terminal(batch->phase);
  if (!ended && !asked.partial)
    return core::Error{core::ErrorCode::batch_not_finished,
                       "the batch is " + std::string(core::batch::to_string(batch->phase)) +
                           "; ask again when it has ended, or add partial=true for the rows that are finished"};
  core::Result<ResultsCursor> begin = begin_of(app, asked);
  if (begin.has_error()) return begin.error();

  const core::UnitIndex floor = begin->floor;
  ResultsPage page(app.blobs, asked.batch, std::move(*begin), asked.limit);
  if (auto filled = fill(app, asked, floor, page); filled.has_error()) return filled.error();

  const bool at_end = ended && page.cursor().floor.value() >= batch->plan.unit_count;
  const std::string next = at_end ? "" : seal_cursor(app.vault, scope_of(asked), to_text(page.cursor()));
  return render(page, next, ended ? !at_end : page.full());
}

http::awaitable<http::Response> get_results(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  const core::Result<ResultsRequest> asked = parse_results_request(request, principal->org);
  if (asked.has_error()) co_return http::problem(asked.error(), request);

  auto read = [&app, asked = *asked] { return read_results(app, asked); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(read));
  if (body.has_error()) co_return http::problem(body.error(), request);
  co_return http::json(200, std::move(*body));
}

core::Result<std::string> artifact_url(const App& app, const http::Request& request, const core::OrgId& org) {
  if (auto checked = check_query(request, {"kind"}); checked.has_error()) return checked.error();
  const std::string kind = request.query("kind").value_or("output");
  const std::optional<processors::Artifact> artifact = processors::artifact_from_string(kind);
  if (!artifact && kind != "route")
    return core::Error{core::ErrorCode::invalid_request, "'kind' must be output, error, receipt, review, raw or route",
                       "kind"};
  const core::Result<core::batch::Batch> batch = find_batch(app, org, core::BatchId(request.path_parameter("id")));
  if (batch.has_error()) return batch.error();
  if (artifact && !core::batch::terminal(batch->phase))
    return core::Error{core::ErrorCode::batch_not_finished, "the batch is " +
                                                                std::string(core::batch::to_string(batch->phase)) +
                                                                "; its files can be downloaded when it has ended"};

  const processors::FileReference file{org, batch->id, artifact};
  // Links count in whole seconds.
  const core::Timestamp expires_at =
      std::chrono::floor<std::chrono::seconds>(app.now() + app.settings.file_link_lifetime);
  JsonText json;
  json.text("url", app.links.link(file, expires_at)).time("expires_at", expires_at).text("kind", kind);
  if (artifact)
    json.number("bytes", processors::size_of(batch->closed.segments, *artifact));
  else
    json.null("bytes");  // made while it is sent
  json.text("file_id", processors::FileLinks::file_id(file));
  return std::move(json).finish();
}

http::awaitable<http::Response> get_artifact_url(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  core::Result<std::string> body = artifact_url(app, request, principal->org);
  if (body.has_error()) co_return http::problem(body.error(), request);
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "no-store");  // the link is as good as a password
  co_return response;
}

}  // namespace

void add_results(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/batches/{id}/results",
             [&app](http::Request& request) { return get_results(app, request); }, {.access = org});
  router.add(http::Method::get, "/v1/batches/{id}/artifact-url",
             [&app](http::Request& request) { return get_artifact_url(app, request); }, {.access = org});
}

}  // namespace api::resources
