// GET /v1/catalog/rankings: where settled work went. Counted by whole days, over the partitions that this node serves.

#include <algorithm>
#include <map>
#include <utility>

#include "api/http/coroutines.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_catalog.h"
#include "api/resources/resources.h"
#include "api/workflow_order.h"

namespace api::resources {

namespace {

using core::learning::LaneDay;

struct Window {
  std::string_view name;
  core::Duration length;
};
constexpr Window windows[] = {
    {"24h", std::chrono::hours(24)}, {"7d", std::chrono::days(7)}, {"30d", std::chrono::days(30)}};
static_assert(std::chrono::days(31) <= core::learning::remembered_for);

core::Result<Window> parse_window(const http::Request& request) {
  const std::string name = request.query("window").value_or("7d");
  for (const Window& window : windows) {
    if (window.name == name) return window;
  }
  return core::Error{core::ErrorCode::invalid_request, "'window' must be 24h, 7d or 30d", "window"};
}

struct Demand {
  std::string name;
  std::uint64_t items = 0;
  std::uint64_t simulated_items = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  core::Money charged;
  std::uint64_t succeeded = 0;  // of attempts
  std::uint64_t faults = 0;     // that were the lanes'
};

void count(Demand& demand, const LaneDay& day, bool of_simulated) {
  demand.items += day.items_settled;
  if (of_simulated) demand.simulated_items += day.items_settled;
  demand.input_tokens += day.input_tokens;
  demand.output_tokens += day.output_tokens;
  demand.charged = demand.charged + day.charged;
  demand.succeeded += day.succeeded;
  demand.faults += day.lane_faults + day.invalid;
}

using Demands = std::map<std::string, Demand>;

// Those with demand, the greatest first.
std::vector<Demand> ranked(const Demands& demands) {
  std::vector<Demand> list;
  for (const auto& [name, demand] : demands) {
    if (demand.items == 0) continue;
    list.push_back(demand);
    list.back().name = name;
  }
  std::stable_sort(list.begin(), list.end(), [](const Demand& a, const Demand& b) {
    return a.items != b.items ? a.items > b.items : a.charged > b.charged;
  });
  return list;
}

void add_ranking(JsonText& json, std::string_view list, std::string_view member, const Demands& demands) {
  const std::vector<Demand> order = ranked(demands);
  std::uint64_t total = 0;
  for (const Demand& demand : order) total += demand.items;
  json.array(list);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Demand& demand = order[i];
    json.element().number("rank", i + 1).text(member, demand.name);
    json.number("items", demand.items).number("simulated_items", demand.simulated_items);
    json.number("input_tokens", demand.input_tokens).number("output_tokens", demand.output_tokens);
    json.money("charged", demand.charged);
    json.score("demand_share", static_cast<double>(demand.items) / static_cast<double>(total));
    const std::uint64_t outcomes = demand.succeeded + demand.faults;
    if (outcomes == 0)
      json.null("success_rate");
    else
      json.score("success_rate", static_cast<double>(demand.succeeded) / static_cast<double>(outcomes));
    json.end_object();
  }
  json.end_array();
}

// Work that was ordered as a product, by product. Which lanes did it is not counted: where one provider's work is asked
// for, there is nothing to say.
void add_workflow_ranking(JsonText& json, const Products& products,
                          const std::vector<core::learning::WorkflowDay>& days, core::Timestamp from,
                          const CatalogFilter& filter) {
  Demands demands;
  for (const core::learning::WorkflowDay& day : days) {
    const schemas::workflows::Product* product = schemas::workflows::find_product(*products, day.workflow);
    if (day.day < from || filter.provider || product == nullptr ||
        (filter.operation && product->operation != *filter.operation))
      continue;
    Demand& demand = demands[day.workflow];
    demand.items += day.items_settled;
    demand.input_tokens += day.input_tokens;
    demand.output_tokens += day.output_tokens;
    demand.charged = demand.charged + day.charged;
  }
  const std::vector<Demand> order = ranked(demands);
  std::uint64_t total = 0;
  for (const Demand& demand : order) total += demand.items;
  json.array("workflow_products");
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Demand& demand = order[i];
    json.element().number("rank", i + 1).text("slug", demand.name).number("items", demand.items);
    json.number("input_tokens", demand.input_tokens).number("output_tokens", demand.output_tokens);
    json.money("charged", demand.charged);
    json.score("demand_share", static_cast<double>(demand.items) / static_cast<double>(total)).end_object();
  }
  json.end_array();
}

core::Result<std::string> render(const App& app, const Products& products, const Window& window,
                                 const CatalogFilter& filter) {
  const core::Timestamp from = std::chrono::floor<std::chrono::days>(app.now() - window.length);
  Demands models;
  Demands providers;
  std::vector<core::learning::WorkflowDay> workflow_days;
  std::uint64_t items = 0;
  std::uint32_t partitions_read = 0;
  if (app.lane_scores != nullptr) {
    const auto history = app.lane_scores->history();
    if (history.has_error()) return history.error();
    partitions_read = (*history)->partitions_read;
    workflow_days = (*history)->workflow_days;
    for (const LaneDay& day : (*history)->days) {
      if (day.day < from || (filter.provider && day.provider != *filter.provider) ||
          (filter.operation && day.operation != *filter.operation))
        continue;
      const bool of_simulated = simulated(app, day.provider);
      count(models[day.model.value()], day, of_simulated);
      count(providers[day.provider.value()], day, of_simulated);
      items += day.items_settled;
    }
  }
  JsonText json;
  json.text("object", "catalog_rankings").text("basis", "settled_demand").text("window", window.name);
  json.time("from", from).number("items", items);
  if (items == 0)
    json.text("note", "no work has been settled here in this window yet: there is nothing to rank");
  else
    json.null("note");
  json.number("partitions_counted", partitions_read).number("partitions_total", app.reader.partition_count());
  add_ranking(json, "models", "slug", models);
  add_ranking(json, "providers", "provider", providers);
  add_workflow_ranking(json, products, workflow_days, from, filter);
  return std::move(json).finish();
}

http::awaitable<Outcome> get_rankings(const App& app, Products products, http::Request& request) {
  if (auto checked = check_query(request, {"window", "provider", "operation"}); checked.has_error())
    co_return checked.error();
  const core::Result<Window> window = parse_window(request);
  if (window.has_error()) co_return window.error();
  const core::Result<CatalogFilter> filter = parse_catalog_filter(app, request);
  if (filter.has_error()) co_return filter.error();
  auto work = [&app, &products, &window, &filter] { return render(app, products, *window, *filter); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(work));
  if (body.has_error()) co_return body.error();
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "public, max-age=60");
  co_return response;
}

}  // namespace

void add_catalog_rankings(http::Router& router, const App& app) {
  const auto products =
      std::make_shared<const std::vector<schemas::workflows::Product>>(schemas::workflows::built_in_products());
  router.add(
      http::Method::get, "/v1/catalog/rankings",
      [&app, products](http::Request& request) { return answered(request, get_rankings(app, products, request)); },
      {.access = anyone});
}

}  // namespace api::resources
