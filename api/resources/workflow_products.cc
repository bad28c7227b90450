// GET /v1/catalog/workflow-products and /v1/catalog/workflow-products/{slug}.

#include <algorithm>
#include <utility>

#include "api/http/coroutines.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_catalog.h"
#include "api/resources/resources.h"
#include "api/workflow_order.h"
#include "core/pricing.h"

namespace api::resources {

namespace {

using schemas::workflows::Product;

// What the first example would be quoted at now, to someone of whom nothing is known.
void add_price_hint(JsonText& json, const App& app, const Product& product) {
  core::RouteRequest request;
  request.models = product.example.models;
  request.operation = product.operation;
  request.privacy_tier = product.header.privacy_tier;
  request.allowed_regions = product.header.allowed_regions;
  request.routing_mode = product.header.routing_mode;
  request.slack = core::sla_window(product.header.sla_tier);
  request.batch_expectation = app.settings.batch_expectation;
  request.input_tokens = product.example.input_tokens;
  for (const core::ModelSlug& slug : request.models) {
    if (const core::Model* model = app.catalog.model(slug))
      request.output_tokens_max =
          std::max(request.output_tokens_max, core::output_tokens_to_buy(*model, product.example));
  }
  const core::RouteDecision decision = core::route(app.catalog, app.lanes, request);
  if (decision.ranked.empty()) {
    json.null("price_hint");
    return;
  }
  const core::RouteCandidate& best = decision.ranked.front();
  const core::Offering& offering = app.catalog.offerings()[best.offering];
  json.object("price_hint").text("basis", "the most that the first of example_inputs can cost now");
  json.money("per_input", best.ceiling).text("price_book_version", app.catalog.version());
  json.text("provider", offering.provider.value()).text("model", offering.model.value());
  json.text("mode", core::to_string(offering.mode)).boolean("simulated", simulated(app, offering.provider));
  json.number("input_tokens", request.input_tokens).number("output_tokens_max", request.output_tokens_max).end_object();
}

void add_product(JsonText& json, const App& app, const Product& product) {
  json.text("object", "workflow_product").text("slug", product.slug).text("name", product.name);
  json.text("summary", product.summary).text("description", product.description);
  json.text("operation", core::to_string(product.operation)).array("model_options");
  for (const core::ModelSlug& model : product.model_options) json.element(model.value());
  json.end_array().array("default_route_products");
  for (const core::ModelSlug& slug : product.model_options) {
    const core::Model* model = app.catalog.model(slug);
    if (model == nullptr) continue;
    json.element();
    add_model(json, *model);
    json.end_object();
  }
  json.end_array().boolean("single_model", product.single_model);
  json.json("preset_manifest", product.preset_manifest).json("routing_posture", product.routing_posture);
  json.json("artifact_contract", product.artifact_contract).json("webhook_contract", product.webhook_contract);
  json.json("acceptance_checks", product.acceptance_checks).json("success_sla", product.success_sla);
  add_price_hint(json, app, product);
  json.object("links").text("self", "/v1/catalog/workflow-products/" + product.slug);
  json.text("quote", "/v1/quotes/workflow").text("runs", "/v1/workflows/" + product.slug + "/runs").end_object();
}

bool offered(const App& app, const Product& product, const CatalogFilter& filter) {
  if (filter.operation && product.operation != *filter.operation) return false;
  if (!filter.provider) return true;
  return std::any_of(product.model_options.begin(), product.model_options.end(), [&](const core::ModelSlug& slug) {
    const auto offerings = app.catalog.offerings_of(slug);
    return std::any_of(offerings.begin(), offerings.end(),
                       [&](std::size_t index) { return app.catalog.offerings()[index].provider == *filter.provider; });
  });
}

http::Response listed(std::string body) {
  http::Response response = http::json(200, std::move(body));
  response.headers.set("Cache-Control", "public, max-age=60");
  return response;
}

http::awaitable<Outcome> get_products(const App& app, Products products, http::Request& request) {
  if (auto checked = check_query(request, {"provider", "operation"}); checked.has_error()) co_return checked.error();
  const core::Result<CatalogFilter> filter = parse_catalog_filter(app, request);
  if (filter.has_error()) co_return filter.error();
  JsonText json;
  json.text("object", "list").array("data");
  for (const Product& product : *products) {
    if (!offered(app, product, *filter)) continue;
    json.element();
    add_product(json, app, product);
    json.end_object();
  }
  json.end_array();
  co_return listed(std::move(json).finish());
}

http::awaitable<Outcome> get_product(const App& app, Products products, http::Request& request) {
  if (auto checked = check_query(request, {}); checked.has_error()) co_return checked.error();
  const core::Result<const Product*> found = find_product(products, request.path_parameter("slug"));
  if (found.has_error()) co_return found.error();
  const Product& product = **found;
  JsonText json;
  add_product(json, app, product);
  json.json("input_schema", product.input_schema).json("example_inputs", product.example_inputs);
  json.object("prompt").text_or_null("system", product.system).text_or_null("user", product.user);
  json.json("request", product.request).end_object();
  co_return listed(std::move(json).finish());
}

}  // namespace

void add_workflow_products(http::Router& router, const App& app) {
  const auto products =
      std::make_shared<const std::vector<schemas::workflows::Product>>(schemas::workflows::built_in_products());
  router.add(
      http::Method::get, "/v1/catalog/workflow-products",
      [&app, products](http::Request& request) { return answered(request, get_products(app, products, request)); },
      {.access = anyone});
  router.add(
      http::Method::get, "/v1/catalog/workflow-products/{slug}",
      [&app, products](http::Request& request) { return answered(request, get_product(app, products, request)); },
      {.access = anyone});
}

}  // namespace api::resources
