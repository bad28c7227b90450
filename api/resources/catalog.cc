// GET /v1/catalog/models and /v1/catalog/models/{slug}.

#include <algorithm>
#include <utility>

#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_catalog.h"
#include "api/render_quote.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

// The offerings of a model that pass.
std::vector<const core::Offering*> offerings_of(const App& app, const core::Model& model, const CatalogFilter& filter) {
  std::vector<const core::Offering*> offerings;
  for (const std::size_t index : app.catalog.offerings_of(model.slug)) {
    const core::Offering& offering = app.catalog.offerings()[index];
    if (!filter.provider || offering.provider == *filter.provider) offerings.push_back(&offering);
  }
  return offerings;
}

bool supports(const core::Model& model, core::Operation operation) {
  return std::find(model.operations.begin(), model.operations.end(), operation) != model.operations.end();
}

std::string render_models(const App& app, const CatalogFilter& filter) {
  JsonText json;
  json.text("object", "list").text("catalog_version", app.catalog.version()).array("data");
  for (const core::Model& model : app.catalog.models()) {
    if (filter.operation && !supports(model, *filter.operation)) continue;
    const std::vector<const core::Offering*> offerings = offerings_of(app, model, filter);
    if (filter.provider && offerings.empty()) continue;
    json.element();
    add_model(json, model);
    json.array("offerings");
    for (const core::Offering* offering : offerings) {
      begin_offering(json, app, *offering);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return std::move(json).finish();
}

http::Response to_be_kept(std::string body) {
  http::Response response = http::json(200, std::move(body));
  response.headers.set("Cache-Control", "public, max-age=60");
  return response;
}

http::awaitable<Outcome> get_models(const App& app, http::Request& request) {
  if (auto checked = check_query(request, {"provider", "operation"}); checked.has_error()) co_return checked.error();
  const core::Result<CatalogFilter> filter = parse_catalog_filter(app, request);
  if (filter.has_error()) co_return filter.error();
  co_return to_be_kept(render_models(app, *filter));
}

// A manifest that can be sent as it is.
std::string example_manifest(const core::Model& model) {
  const core::Operation operation = model.operations.empty() ? core::Operation::responses : model.operations.front();
  const auto input = [&]() -> std::string_view {
    switch (operation) {
      case core::Operation::responses:
        return R"({"input":"Summarize the attached ticket in one sentence.","max_output_tokens":200})";
      case core::Operation::chat_completions:
        return R"({"messages":[{"role":"user","content":"Summarize the attached ticket in one sentence."}],)"
               R"("max_completion_tokens":200})";
      case core::Operation::messages:
        return R"({"messages":[{"role":"user","content":"Summarize the attached ticket in one sentence."}],)"
               R"("max_tokens":200})";
      case core::Operation::embeddings: return R"({"input":"A text to be found again."})";
    }
    return "{}";
  };
  JsonText json;
  json.text("sla_tier", "standard").text("routing_mode", "cheapest").array("items").element();
  json.text("customer_item_id", "example-1").text("operation", core::to_string(operation));
  json.text("model", model.slug.value()).json("input", input()).end_object().end_array();
  return std::move(json).finish();
}

core::Result<std::string> render_model(const App& app, const core::Model& model) {
  std::shared_ptr<const processors::LaneHistory> history;
  if (app.lane_scores != nullptr) {
    auto known = app.lane_scores->history();
    if (known.has_error()) return known.error();
    history = std::move(*known);
  }
  JsonText json;
  json.text("object", "model").text("catalog_version", app.catalog.version());
  add_model(json, model);
  json.array("offerings");
  for (const core::Offering* offering : offerings_of(app, model, {})) {
    const core::Provider* provider = app.catalog.provider(offering->provider);
    const double prior = provider == nullptr ? 0.0 : provider->reliability_prior_score;
    core::learning::Record record;
    if (history) record = history->scores.record(offering->provider, offering->model, offering->mode);
    begin_offering(json, app, *offering);
    add_trust(json, prior, core::learning::observed_confidence(prior, record));
    json.end_object();
  }
  json.end_array().json("example_manifest", example_manifest(model));
  return std::move(json).finish();
}

http::awaitable<Outcome> get_model(const App& app, http::Request& request) {
  if (auto checked = check_query(request, {}); checked.has_error()) co_return checked.error();
  const core::Model* model = app.catalog.model(core::ModelSlug(request.path_parameter("slug")));
  if (model == nullptr)
    co_return core::Error{core::ErrorCode::not_found, "no model has this slug; GET /v1/catalog/models lists them"};
  auto work = [&app, model] { return render_model(app, *model); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(work));
  if (body.has_error()) co_return body.error();
  co_return to_be_kept(std::move(*body));
}

}  // namespace

void add_catalog(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/catalog/models",
             [&app](http::Request& request) { return answered(request, get_models(app, request)); },
             {.access = anyone});
  router.add(http::Method::get, "/v1/catalog/models/{slug}",
             [&app](http::Request& request) { return answered(request, get_model(app, request)); }, {.access = anyone});
}

}  // namespace api::resources
