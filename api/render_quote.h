// A quote as JSON: the members of the product's documents and the routes behind them.
#pragma once

#include <optional>
#include <string>

#include "api/app.h"
#include "api/json_text.h"
#include "core/quote/state.h"

namespace api {

// `funding_preview` is a JSON object.
std::string render_quote(const App& app, const core::quote::Quote& quote, const std::string& funding_preview);

// Adds sla_tier, routing_mode, privacy_tier, allowed_regions, priority, dedupe, run_after.
void add_terms(JsonText& json, const core::quote::Terms& terms);

// Adds rejected_providers, with reasons.
void add_rejected(JsonText& json, const core::quote::Quote& quote);

// Adds reliability_prior_score, observed_confidence_score, observed_confidence_basis, trust_score.
void add_trust(JsonText& json, double prior, const std::optional<double>& observed);

}  // namespace api
