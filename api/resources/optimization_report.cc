// GET /v1/batches/optimization-report: what moving a provider's batches here has brought and would bring.
#include <algorithm>
#include <utility>

#include "api/authentication.h"
#include "api/http/coroutines.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_catalog.h"
#include "api/render_import.h"
#include "api/resources/resources.h"
#include "schemas/imports/row.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::imports::ImportDay;
using core::learning::ServedDay;

constexpr std::size_t rows_max = 100'000;  // of each kind: a year of some hundred models

struct Window {
  std::string_view name;
  std::optional<core::Duration> length;
};
constexpr Window windows[] = {{"all", std::nullopt},
                              {"30d", std::chrono::days(30)},
                              {"90d", std::chrono::days(90)},
                              {"365d", std::chrono::days(365)}};

core::Result<Window> parse_window(const http::Request& request) {
  const std::string name = request.query("window").value_or("all");
  for (const Window& window : windows) {
    if (window.name == name) return window;
  }
  return Error{ErrorCode::invalid_request, "'window' must be all, 30d, 90d or 365d", "window"};
}

// The days from `from` on, the newest rows_max of them. Answers whether some were left out.
template <class Day>
core::Result<bool> read_days(const App& app, const core::OrgId& org, const std::string& prefix, core::Timestamp from,
                             std::vector<Day>& days) {
  bool left_out = false;
  const auto listed =
      app.reader.list<Day>(core::aggregate_of(org), prefix, "", processors::Order::newest_first, [&](Day day) {
        if (day.day < from) return false;
        left_out = days.size() == rows_max;
        if (!left_out) days.push_back(std::move(day));
        return !left_out;
      });
  if (listed.has_error()) return listed.error();
  return left_out;
}

// Blocks on rows.
core::Result<std::string> report(const App& app, const core::OrgId& org, std::string_view provider,
                                 const Window& window) {
  const core::Timestamp now = app.now();
  const core::Timestamp from =
      window.length ? core::Timestamp(std::chrono::floor<std::chrono::days>(now - *window.length)) : core::Timestamp();
  core::imports::ReportBasis basis;
  basis.import_provider = core::ProviderId(std::string(provider));
  const auto imported =
      read_days(app, org, schemas::row_prefix<ImportDay>(org, std::string(provider)), from, basis.imported);
  if (imported.has_error()) return imported.error();
  const auto served = read_days(app, org, schemas::row_prefix<ServedDay>(org), from, basis.served);
  if (served.has_error()) return served.error();
  const core::Result<core::learning::Scores> scores = scores_of(app, org);
  if (scores.has_error()) return scores.error();
  const auto made =
      core::imports::make_report(basis, {app.catalog, app.lanes, *scores, app.settings.batch_expectation});
  if (made.has_error()) return made.error();

  ReportFacts facts;
  facts.import_provider = provider;
  facts.window = window.name;
  facts.catalog_version = app.catalog.version();
  facts.generated_at = now;
  facts.rows_left_out = *imported || *served;
  for (const core::ConfiguredLane& lane : app.lanes)
    (simulated(app, lane.provider) ? facts.simulated_lane : facts.real_lane) = true;
  return render_report(*made, facts);
}

http::awaitable<Outcome> get_report(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {"import_provider", "window"}); query.has_error())
    co_return query.error();
  const auto provider = schemas::imports::provider_from_string(request.query("import_provider").value_or(""));
  if (!provider)
    co_return Error{ErrorCode::invalid_request, "'import_provider' must be openai or anthropic", "import_provider"};
  const core::Result<Window> window = parse_window(request);
  if (window.has_error()) co_return window.error();
  auto work = [&app, &principal, &provider, &window] {
    return report(app, principal->org, to_string(*provider), *window);
  };
  core::Result<std::string> body = co_await http::run_on(app.long_work, std::move(work));
  if (body.has_error()) co_return body.error();
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "private, no-store");  // as of this moment: no answer is like another
  co_return response;
}

}  // namespace

void add_optimization_report(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/batches/optimization-report",
             [&app](http::Request& request) { return answered(request, get_report(app, request)); }, {.access = org});
}

}  // namespace api::resources
