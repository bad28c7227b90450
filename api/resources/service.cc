// GET /v1/runtime, /healthz, /readyz and /metrics.

#include <array>
#include <utility>

#include "api/html_page.h"
#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/manifest.h"

namespace api::resources {

namespace {

// What every deployment has; what depends on its settings is added to it below.
constexpr std::array features = {"api_keys",
                                 "sessions",
                                 "verification_resend",
                                 "password_reset",
                                 "model_quotes",
                                 "workflow_quotes",
                                 "batch_cancel",
                                 "batch_retry",
                                 "batch_events",
                                 "batch_feedback",
                                 "route_receipts",
                                 "optimization_report",
                                 "partial_results",
                                 "signed_files",
                                 "file_ranges",
                                 "file_compression",
                                 "imports",
                                 "workflows",
                                 "catalog_models",
                                 "catalog_model_detail",
                                 "catalog_providers",
                                 "catalog_rankings",
                                 "billing_credits",
                                 "billing_profile",
                                 "webhooks",
                                 "ai_batch_queue",
                                 "openapi",
                                 "docs_page"};

bool simulated(const App& app, const core::ConfiguredLane& lane) {
  const core::Provider* provider = app.catalog.provider(lane.provider);
  return provider != nullptr && provider->simulated;
}

void add_features(JsonText& json, const App& app) {
  bool simulated_lane = false;
  for (const core::ConfiguredLane& lane : app.lanes) simulated_lane = simulated_lane || simulated(app, lane);
  json.object("features").text("email", app.settings.email);
  for (const char* feature : features) json.boolean(feature, true);
  json.boolean("checkout", app.checkout != nullptr);
  json.text_or_null("checkout_provider", app.checkout != nullptr ? app.checkout->name() : "");
  json.boolean("stripe_webhooks", !app.settings.stripe_webhook_secret.reveal().empty());
  json.boolean("simulated_lane", simulated_lane).end_object();
}

std::int64_t seconds(core::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

void add_limits(JsonText& json, const Settings& settings) {
  json.object("limits").number("items_max", core::manifest_items_max);
  json.number("body_bytes_max", settings.body_bytes_max);
  json.number("customer_item_id_bytes_max", core::customer_item_id_bytes_max);
  json.number("faults_listed_max", core::manifest_faults_max);
  json.number("items_per_unit", settings.items_per_unit);
  json.number("unit_attempts_max", settings.policy.unit_attempts_max);
  json.number("api_keys_max", settings.policy.api_keys_max);
  json.number("quote_window_seconds", seconds(settings.policy.quote_window));
  json.number("file_link_seconds", seconds(settings.file_link_lifetime)).end_object();
}

std::string render_runtime(const App& app) {
  JsonText json;
  json.text("service", "batchrouter").text("version", app.settings.version);
  json.text("mode", app.settings.mode).text("bus", app.settings.bus);
  add_features(json, app);
  add_limits(json, app.settings);
  json.array("lanes");
  for (const core::ConfiguredLane& lane : app.lanes) {
    json.element().text("provider", lane.provider.value()).text("mode", core::to_string(lane.mode));
    json.boolean("simulated", simulated(app, lane)).end_object();
  }
  json.end_array();
  return std::move(json).finish();
}

http::awaitable<http::Response> get_runtime(const App& app, http::Request& request) {
  if (auto checked = check_query(request, {}); checked.has_error()) co_return http::problem(checked.error(), request);
  co_return unstored(http::json(200, render_runtime(app)));
}

// Probes may add whatever they like to their URLs: these three look at no query.

http::awaitable<http::Response> get_health() {
  co_return unstored(http::json(200, R"({"status":"ok"})"));
}

http::awaitable<http::Response> get_readiness(const App& app) {
  const std::vector<std::pair<core::Partition, core::Error>> halted = app.halted_partitions();
  auto look = [&app] { return app.storage_fault(); };
  const std::optional<core::Error> storage_fault = co_await http::run_on(app.blocking, std::move(look));
  const bool ready = halted.empty() && !storage_fault;
  JsonText json;
  json.text("status", ready ? "ready" : "not_ready").array("halted_partitions");
  for (const auto& [partition, error] : halted) {
    json.element().number("partition", partition.value());
    json.text("code", core::to_string(error.code)).text("detail", error.detail).end_object();
  }
  json.end_array();
  if (storage_fault)
    json.object("storage")
        .text("code", core::to_string(storage_fault->code))
        .text("detail", storage_fault->detail)
        .end_object();
  co_return unstored(http::json(ready ? 200 : 503, std::move(json).finish()));
}

http::awaitable<http::Response> get_metrics(const App& app) {
  auto render = [&app] { return app.render_metrics(); };
  std::string body = co_await http::run_on(app.blocking, std::move(render));
  http::Response response = http::text(200, std::move(body));
  response.headers.set("Content-Type", "text/plain; version=0.0.4");
  co_return unstored(std::move(response));
}

}  // namespace

void add_service(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/runtime", [&app](http::Request& request) { return get_runtime(app, request); },
             {.access = anyone});
  router.add(http::Method::get, "/healthz", [](http::Request&) { return get_health(); }, {.access = probe});
  router.add(http::Method::get, "/readyz", [&app](http::Request&) { return get_readiness(app); }, {.access = probe});
  router.add(http::Method::get, "/metrics", [&app](http::Request&) { return get_metrics(app); }, {.access = probe});
}

}  // namespace api::resources
