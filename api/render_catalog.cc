#include "api/render_catalog.h"

#include <algorithm>

namespace api {

std::string usd_per_million(core::TokenPrice price) {
  // A million tokens at one pico-USD are 1,000 nano-USD.
  return core::to_decimal(core::Money::from_nanos(price.picos() * 1'000));
}

void add_prices(JsonText& json, const core::Prices& prices) {
  json.object("prices").text("input_usd_per_million", usd_per_million(prices.input));
  json.text("cached_input_usd_per_million", usd_per_million(prices.cached_input));
  json.text("output_usd_per_million", usd_per_million(prices.output)).end_object();
}

bool configured(const App& app, const core::ProviderId& provider, core::Mode mode) {
  return std::any_of(app.lanes.begin(), app.lanes.end(),
                     [&](const core::ConfiguredLane& lane) { return lane.provider == provider && lane.mode == mode; });
}

bool simulated(const App& app, const core::ProviderId& id) {
  const core::Provider* provider = app.catalog.provider(id);
  return provider != nullptr && provider->simulated;
}

void begin_offering(JsonText& json, const App& app, const core::Offering& offering) {
  json.element().text("provider", offering.provider.value()).text("mode", core::to_string(offering.mode));
  add_prices(json, offering.prices);
  json.text("privacy_tier", core::to_string(offering.privacy_tier)).array("regions");
  for (const std::string& region : offering.regions) json.element(region);
  json.end_array().boolean("available", configured(app, offering.provider, offering.mode));
  json.boolean("simulated", simulated(app, offering.provider));
}

void add_model(JsonText& json, const core::Model& model) {
  json.text("slug", model.slug.value()).text("display_name", model.display_name);
  json.text("vendor", model.vendor.value()).array("operations");
  for (const core::Operation operation : model.operations) json.element(core::to_string(operation));
  json.end_array().number("context_tokens_max", model.context_tokens_max);
  json.number("output_tokens_max", model.output_tokens_max).score("quality_score", model.quality_score);
}

core::Result<CatalogFilter> parse_catalog_filter(const App& app, const http::Request& request) {
  CatalogFilter filter;
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

}  // namespace api
