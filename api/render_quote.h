// A quote as JSON: the members of the product's documents and the routes behind them.
#pragma once

#include <string>

#include "api/app.h"
#include "api/json_text.h"
#include "core/quote/state.h"

namespace api {

// `funding_preview` is a JSON object.
std::string render_quote(const App& app, const core::quote::Quote& quote, const std::string& funding_preview);

// Adds sla_tier, routing_mode, privacy_tier, allowed_regions, priority, dedupe, run_after.
void add_terms(JsonText& json, const core::quote::Terms& terms);

}  // namespace api
