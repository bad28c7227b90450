// GET /v1/catalog/providers: who sells, what of it is configured here, and how it has been doing.

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "api/http/coroutines.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/render_catalog.h"
#include "api/render_quote.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

// What is known now, for all providers.
struct Known {
  std::shared_ptr<const processors::LaneHistory> history;    // null: nothing
  std::optional<std::vector<processors::LaneStatus>> lanes;  // that are not open; absent: not known
};

core::Result<Known> read_known(const App& app) {
  Known known;
  if (app.lane_scores != nullptr) {
    auto history = app.lane_scores->history();
    if (history.has_error()) return history.error();
    known.history = std::move(*history);
  }
  if (app.lane_board != nullptr) known.lanes = app.lane_board->closed_lanes();
  return known;
}

std::vector<const core::Offering*> offerings_of(const App& app, const core::ProviderId& provider) {
  std::vector<const core::Offering*> offerings;
  for (const core::Offering& offering : app.catalog.offerings()) {
    if (offering.provider == provider) offerings.push_back(&offering);
  }
  return offerings;
}

void add_price_range(JsonText& json, std::string_view name, const std::vector<const core::Offering*>& offerings,
                     core::TokenPrice core::Prices::*price) {
  if (offerings.empty()) {
    json.null(name);
    return;
  }
  const auto [least, most] = std::minmax_element(offerings.begin(), offerings.end(), [&](const auto* a, const auto* b) {
    return (a->prices.*price).picos() < (b->prices.*price).picos();
  });
  json.object(name).text("min", usd_per_million((*least)->prices.*price));
  json.text("max", usd_per_million((*most)->prices.*price)).end_object();
}

// Why and how long the lane, or a model of it, is not asked; an empty list: it is open, null: nobody knows.
void add_closures(JsonText& json, const Known& known, const core::ProviderId& provider, core::Mode mode) {
  if (!known.lanes) {
    json.null("closures");
    return;
  }
  json.array("closures");
  for (const processors::LaneStatus& lane : *known.lanes) {
    if (lane.provider != provider || (lane.mode && *lane.mode != mode)) continue;
    json.element().text("state", processors::to_string(lane.state));
    json.text_or_null("model", lane.model ? lane.model->value() : "").text("reason", lane.reason);
    json.time("since", lane.since).time("until", lane.until).end_object();
  }
  json.end_array();
}

void add_lanes(JsonText& json, const App& app, const Known& known, const core::ProviderId& provider,
               const std::vector<const core::Offering*>& offerings) {
  json.array("lanes");
  for (const core::Mode mode : {core::Mode::batch, core::Mode::sync}) {
    std::set<core::PrivacyTier> tiers;
    std::set<std::string> regions;
    std::size_t models = 0;
    for (const core::Offering* offering : offerings) {
      if (offering->mode != mode) continue;
      ++models;
      tiers.insert(offering->privacy_tier);
      regions.insert(offering->regions.begin(), offering->regions.end());
    }
    if (models == 0) continue;
    json.element().text("mode", core::to_string(mode)).boolean("configured", configured(app, provider, mode));
    json.number("models_count", models).array("privacy_tiers");
    for (const core::PrivacyTier tier : tiers) json.element(core::to_string(tier));
    json.end_array().array("regions");
    for (const std::string& region : regions) json.element(region);
    json.end_array();
    add_closures(json, known, provider, mode);
    json.end_object();
  }
  json.end_array();
}

core::learning::Record record_of(const Known& known, const core::ProviderId& provider) {
  core::learning::Record record;
  if (!known.history) return record;
  for (const core::learning::LaneDay& day : known.history->days) {
    if (day.provider == provider) core::learning::add(record, day, known.history->at);
  }
  return record;
}

void add_provider(JsonText& json, const App& app, const Known& known, const core::Provider& provider) {
  const std::vector<const core::Offering*> offerings = offerings_of(app, provider.id);
  std::set<core::ModelSlug> models;
  for (const core::Offering* offering : offerings) models.insert(offering->model);
  const core::learning::Record record = record_of(known, provider.id);
  json.element().text("id", provider.id.value()).text("display_name", provider.display_name);
  json.boolean("simulated", provider.simulated).number("models_count", models.size());
  json.object("price_range");
  add_price_range(json, "input_usd_per_million", offerings, &core::Prices::input);
  add_price_range(json, "output_usd_per_million", offerings, &core::Prices::output);
  json.end_object();
  add_trust(json, provider.reliability_prior_score,
            core::learning::observed_confidence(provider.reliability_prior_score, record));
  json.number("observed_samples", std::llround(record.samples()));
  add_lanes(json, app, known, provider.id, offerings);
  json.end_object();
}

core::Result<std::string> render(const App& app) {
  const core::Result<Known> known = read_known(app);
  if (known.has_error()) return known.error();
  JsonText json;
  json.text("object", "list").text("catalog_version", app.catalog.version()).array("data");
  for (const core::Provider& provider : app.catalog.providers()) add_provider(json, app, *known, provider);
  json.end_array();
  return std::move(json).finish();
}

http::awaitable<Outcome> get_providers(const App& app, http::Request& request) {
  if (auto checked = check_query(request, {}); checked.has_error()) co_return checked.error();
  auto work = [&app] { return render(app); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(work));
  if (body.has_error()) co_return body.error();
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "public, max-age=10");
  co_return response;
}

}  // namespace

void add_catalog_providers(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/catalog/providers",
             [&app](http::Request& request) { return answered(request, get_providers(app, request)); },
             {.access = anyone});
}

}  // namespace api::resources
