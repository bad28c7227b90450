#include "api/render_quote.h"

#include <algorithm>

#include "api/render_catalog.h"

namespace api {

namespace {

std::string_view to_string(core::quote::Phase phase) {
  switch (phase) {
    case core::quote::Phase::locked: return "locked";
    case core::quote::Phase::consumed: return "consumed";
    case core::quote::Phase::expired: return "expired";
  }
  return "";
}

// The route that most of the money takes speaks for the quote; all of them are in `routes`.
void add_decision(JsonText& json, const core::quote::Quote& quote) {
  const auto& routes = quote.plan.routes;
  if (routes.empty()) {
    json.null("route_decision_preview");
    return;
  }
  const core::quote::Route& main =
      *std::max_element(routes.begin(), routes.end(), [](const auto& a, const auto& b) { return a.total < b.total; });
  json.object("route_decision_preview");
  json.text("selected_provider", main.provider.value());
  json.score("quality_score", main.quality_score);
  add_trust(json, main.reliability_prior_score, main.observed_confidence_score);
  json.array("fallback_order");
  for (const core::ProviderId& provider : main.fallback_order) json.element(provider.value());
  json.end_array();
  add_rejected(json, quote);
  json.end_object();
}

void add_routes(JsonText& json, const App& app, const core::quote::Quote& quote) {
  json.array("routes");
  for (const core::quote::Route& route : quote.plan.routes) {
    json.element().text("provider", route.provider.value()).text("model", route.model.value());
    json.text("mode", core::to_string(route.mode)).boolean("simulated", simulated(app, route.provider));
    json.number("item_count", route.item_count).money("total", route.total).end_object();
  }
  json.end_array();
}

}  // namespace

void add_terms(JsonText& json, const core::quote::Terms& terms) {
  json.text("sla_tier", core::to_string(terms.sla_tier)).text("routing_mode", core::to_string(terms.routing_mode));
  json.text("privacy_tier", core::to_string(terms.privacy_tier)).array("allowed_regions");
  for (const std::string& region : terms.allowed_regions) json.element(region);
  json.end_array().number("priority", terms.priority).boolean("dedupe", terms.dedupe);
  json.time_or_null("run_after", terms.run_after);
}

void add_trust(JsonText& json, double prior, const std::optional<double>& observed) {
  json.score("reliability_prior_score", prior);
  if (observed)
    json.score("observed_confidence_score", *observed);
  else
    json.null("observed_confidence_score");
  json.text("observed_confidence_basis", core::observed_confidence_basis(observed));
  json.score("trust_score", observed.value_or(prior));
}

void add_rejected(JsonText& json, const core::quote::Quote& quote) {
  json.array("rejected_providers");
  for (const core::quote::RejectedLane& rejected : quote.rejected) {
    json.element().text_or_null("provider", rejected.provider.value()).text("model", rejected.model.value());
    json.text("mode", rejected.mode).text("reason", rejected.reason);
    json.text_or_null("detail", rejected.detail).end_object();
  }
  json.end_array();
}

std::string render_quote(const App& app, const core::quote::Quote& quote, const std::string& funding_preview) {
  const bool estimate = quote.basis == core::quote::Basis::estimate;
  const bool any_simulated = std::any_of(quote.plan.routes.begin(), quote.plan.routes.end(),
                                         [&](const auto& route) { return simulated(app, route.provider); });
  JsonText json;
  json.text("object", "quote").text("quote_id", quote.id.value()).text("id", quote.id.value());
  json.text("status", to_string(quote.phase)).text("basis", estimate ? "estimate" : "manifest");
  json.time("created_at", quote.locked_at).time("expires_at", quote.expires_at);
  json.number("item_count", estimate ? quote.estimate.items_max : quote.plan.item_count);
  json.object("pricing_estimate").money("total", quote.plan.total);
  if (estimate) json.money("per_item_ceiling", quote.estimate.item_ceiling);
  json.text("currency", "usd").text("price_book_version", quote.catalog_version).end_object();
  json.json("funding_preview", funding_preview);
  add_decision(json, quote);
  add_routes(json, app, quote);
  add_terms(json, quote.terms);
  json.boolean("simulated", any_simulated);
  json.text_or_null("workflow", quote.workflow);
  json.text_or_null("batch_id", quote.batch ? quote.batch->value() : "");
  return std::move(json).finish();
}

}  // namespace api
