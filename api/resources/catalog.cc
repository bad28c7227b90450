// GET /v1/catalog/models.

#include <algorithm>
#include <utility>

#include "api/http/entity_tag.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

struct Filter {
  std::optional<core::ProviderId> provider;
  std::optional<core::Operation> operation;
};

core::Result<Filter> parse_filter(const App& app, const http::Request& request) {
  if (auto checked = check_query(request, {"provider", "operation"}); checked.has_error()) return checked.error();
  Filter filter;
  if (const auto provider = request.query("provider")) {
    filter.provider = core::ProviderId(*provider);
    if (app.catalog.provider(*filter.provider) == nullptr)
      return core::Error{core::ErrorCode::invalid_request,
                         "'provider' is none of the catalog's; leave it out to see all", "provider"};
  }
  if (const auto operation = request.query("operation")) {
    filter.operation = core::operation_from_string(*operation);
    if (!filter.operation)
      return core::Error{core::ErrorCode::invalid_request,
                         "'operation' must be responses, chat_completions, messages or embeddings", "operation"};
  }
  return filter;
}

std::string usd_per_million(core::TokenPrice price) {
  // A million tokens at one pico-USD are 1,000 nano-USD.
  return core::to_decimal(core::Money::from_nanos(price.picos() * 1'000));
}

bool configured(const App& app, const core::Offering& offering) {
  return std::any_of(app.lanes.begin(), app.lanes.end(), [&offering](const core::ConfiguredLane& lane) {
    return lane.provider == offering.provider && lane.mode == offering.mode;
  });
}

void add_offering(JsonText& json, const App& app, const core::Offering& offering) {
  const core::Provider* provider = app.catalog.provider(offering.provider);
  json.element().text("provider", offering.provider.value()).text("mode", core::to_string(offering.mode));
  json.object("prices").text("input_usd_per_million", usd_per_million(offering.prices.input));
  json.text("cached_input_usd_per_million", usd_per_million(offering.prices.cached_input));
  json.text("output_usd_per_million", usd_per_million(offering.prices.output)).end_object();
  json.text("privacy_tier", core::to_string(offering.privacy_tier)).array("regions");
  for (const std::string& region : offering.regions) json.element(region);
  json.end_array().boolean("available", configured(app, offering));
  json.boolean("simulated", provider != nullptr && provider->simulated).end_object();
}

// The offerings of a model that pass.
std::vector<const core::Offering*> offerings_of(const App& app, const core::Model& model, const Filter& filter) {
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

std::string render(const App& app, const Filter& filter) {
  JsonText json;
  json.text("object", "list").text("catalog_version", app.catalog.version()).array("data");
  for (const core::Model& model : app.catalog.models()) {
    if (filter.operation && !supports(model, *filter.operation)) continue;
    const std::vector<const core::Offering*> offerings = offerings_of(app, model, filter);
    if (filter.provider && offerings.empty()) continue;
    json.element().text("slug", model.slug.value()).text("display_name", model.display_name);
    json.text("vendor", model.vendor.value()).array("operations");
    for (const core::Operation operation : model.operations) json.element(core::to_string(operation));
    json.end_array().number("context_tokens_max", model.context_tokens_max);
    json.number("output_tokens_max", model.output_tokens_max).score("quality_score", model.quality_score);
    json.array("offerings");
    for (const core::Offering* offering : offerings) add_offering(json, app, *offering);
    json.end_array().end_object();
  }
  json.end_array();
  return std::move(json).finish();
}

http::awaitable<http::Response> get_models(const App& app, http::Request& request) {
  const core::Result<Filter> filter = parse_filter(app, request);
  if (filter.has_error()) co_return http::problem(filter.error(), request);
  std::string body = render(app, *filter);
  const std::string tag = http::entity_tag(body);
  const auto if_none_match = request.headers.get("If-None-Match");
  const bool known = if_none_match && http::names_tag(*if_none_match, tag);
  http::Response response = known ? http::Response(304) : http::json(200, std::move(body));
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", "public, max-age=60");
  co_return response;
}

}  // namespace

void add_catalog(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/catalog/models",
             [&app](http::Request& request) { return get_models(app, request); }, {.access = anyone});
}

}  // namespace api::resources
