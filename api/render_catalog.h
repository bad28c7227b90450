// What the catalog sells, as JSON.
#pragma once

#include <optional>
#include <string>

#include "api/app.h"
#include "api/http/request.h"
#include "api/json_text.h"
#include "core/catalog.h"

namespace api {

std::string usd_per_million(core::TokenPrice price);
// Adds prices: {input_usd_per_million, …}.
void add_prices(JsonText& json, const core::Prices& prices);

// Whether this deployment has the lane.
bool configured(const App& app, const core::ProviderId& provider, core::Mode mode);

// An offering as an element, left open for more.
void begin_offering(JsonText& json, const App& app, const core::Offering& offering);
// What a model's profile says, but for its offerings.
void add_model(JsonText& json, const core::Model& model);

bool simulated(const App& app, const core::ProviderId& provider);

// Query parameters `provider` and `operation`, as given.
struct CatalogFilter {
  std::optional<core::ProviderId> provider;
  std::optional<core::Operation> operation;
};
// Errors: invalid_request.
core::Result<CatalogFilter> parse_catalog_filter(const App& app, const http::Request& request);

}  // namespace api
