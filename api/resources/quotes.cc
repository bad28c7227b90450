// POST /v1/quotes/model, GET /v1/quotes/{id}.
#include <algorithm>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_body.h"
#include "api/manifest_body.h"
#include "api/query.h"
#include "api/quote_response.h"
#include "api/resources/resources.h"
#include "core/pricing.h"

namespace api::resources {

namespace {

constexpr std::size_t estimate_bytes_max = 64u << 10;
constexpr std::int64_t estimated_input_tokens_default = 2'000;
constexpr std::int64_t estimated_output_tokens_default = 1'000;
constexpr std::int64_t tokens_max = 10'000'000;

template <class Enum, class Parse>
core::Result<Enum> word(const JsonBody& body, std::string_view name, Enum fallback, Parse parse) {
  const core::Result<std::optional<std::string>> text = body.optional_text(name, 32);
  if (text.has_error()) return text.error();
  if (!*text) return fallback;
  const std::optional<Enum> value = parse(**text);
  if (!value)
    return core::Error{core::ErrorCode::invalid_request, "'" + std::string(name) + "' has an unknown value",
                       std::string(name)};
  return *value;
}

// {models, estimated_items, …}: a ceiling for items that are not known yet. Blocks on rows.
core::Result<core::quote::LockQuote> estimate_command(const App& app, const core::OrgId& org, const JsonBody& body) {
  const core::Result<std::vector<std::string>> models = body.texts("models", 16, 128);
  if (models.has_error()) return models.error();
  const core::Result<std::int64_t> items = body.integer("estimated_items", 1, core::manifest_items_max);
  if (items.has_error()) return items.error();
  const auto input = body.optional_integer("estimated_input_tokens", 1, tokens_max);
  if (input.has_error()) return input.error();
  const auto output = body.optional_integer("estimated_output_tokens", 1, tokens_max);
  if (output.has_error()) return output.error();
  const auto operation = word(body, "operation", core::Operation::responses, core::operation_from_string);
  if (operation.has_error()) return operation.error();
  const auto sla_tier = word(body, "sla_tier", core::SlaTier::standard, core::sla_tier_from_string);
  if (sla_tier.has_error()) return sla_tier.error();
  const auto routing_mode = word(body, "routing_mode", core::RoutingMode::cheapest, core::routing_mode_from_string);
  if (routing_mode.has_error()) return routing_mode.error();
  const auto privacy_tier = word(body, "privacy_tier", core::PrivacyTier::standard, core::privacy_tier_from_string);
  if (privacy_tier.has_error()) return privacy_tier.error();

  core::quote::LockQuote lock;
  lock.org = org;
  lock.quote = core::QuoteId("qlock_" + adapters::random::make_ulid(app.now()));
  lock.basis = core::quote::Basis::estimate;
  lock.terms.sla_tier = *sla_tier;
  lock.terms.routing_mode = *routing_mode;
  lock.terms.privacy_tier = *privacy_tier;
  lock.terms.allowed_regions = {"global"};
  if (body.has("allowed_regions")) {
    core::Result<std::vector<std::string>> regions = body.texts("allowed_regions", 16, 16);
    if (regions.has_error()) return regions.error();
    lock.terms.allowed_regions = std::move(*regions);
  }
  lock.catalog_version = app.catalog.version();
  lock.estimate.items_max = static_cast<std::uint32_t>(*items);
  for (const std::string& model : *models) lock.estimate.models.emplace_back(model);

  core::RouteRequest request;
  request.models = lock.estimate.models;
  request.operation = *operation;
  request.privacy_tier = lock.terms.privacy_tier;
  request.allowed_regions = lock.terms.allowed_regions;
  request.routing_mode = lock.terms.routing_mode;
  request.slack = core::sla_window(lock.terms.sla_tier);
  request.batch_expectation = app.settings.batch_expectation;
  request.input_tokens = input->value_or(estimated_input_tokens_default);
  request.output_tokens_max =
      *operation == core::Operation::embeddings ? 0 : output->value_or(estimated_output_tokens_default);
  const core::Result<core::learning::Scores> scores = scores_of(app, org);
  if (scores.has_error()) return scores.error();
  const core::RouteDecision decision = core::route(app.catalog, app.lanes, request, *scores);
  for (const core::Rejection& rejection : decision.rejected) {
    if (lock.rejected.size() >= processors::Intake::rejected_lanes_max) break;
    lock.rejected.push_back({rejection.model, rejection.provider, std::string(core::to_string(rejection.mode)),
                             std::string(core::to_string(rejection.reason)), rejection.detail});
  }
  if (decision.ranked.empty())
    return core::Error{core::ErrorCode::no_eligible_lane,
                       "no lane may serve these models on these terms; see GET /v1/catalog/models", "models"};

  // Each model's best lane: whichever of them an item uses in the end, the ceiling covers it.
  for (const core::RouteCandidate& candidate : decision.ranked) {
    const core::Offering& offering = app.catalog.offerings()[candidate.offering];
    auto& routes = lock.plan.routes;
    if (std::any_of(routes.begin(), routes.end(), [&](const auto& route) { return route.model == offering.model; }))
      continue;
    core::quote::Route route;
    route.provider = offering.provider;
    route.model = offering.model;
    route.mode = offering.mode;
    route.prices = offering.prices;
    route.quality_score = candidate.quality_score;
    route.reliability_prior_score = candidate.reliability_prior_score;
    route.observed_confidence_score = candidate.observed_confidence_score;
    route.operation = *operation;
    route.fallback_order = {offering.provider};
    route.total = candidate.ceiling;
    lock.estimate.item_ceiling = std::max(lock.estimate.item_ceiling, candidate.ceiling);
    routes.push_back(std::move(route));
  }
  const auto total = core::checked_multiply(lock.estimate.item_ceiling, *items);
  if (!total)
    return core::Error{core::ErrorCode::amount_out_of_range, "the total does not fit; quote fewer items",
                       "estimated_items"};
  lock.plan.total = *total;
  return lock;
}

// A manifest has items; an estimate says of which models and how many.
bool is_estimate(std::string_view text) {
  const auto names = [&](std::string_view member) { return text.find(member) != std::string_view::npos; };
  return !names("\"items\"") && (names("\"models\"") || names("\"estimated_items\""));
}

http::awaitable<http::Response> create_quote(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  const core::Result<SpooledBody> body = co_await spool_body(app, request);
  if (body.has_error()) co_return http::problem(body.error(), request);

  core::Result<core::quote::LockQuote> lock = core::Error{};
  core::Result<std::optional<std::string>> text = small_text(*body, estimate_bytes_max);
  if (text.has_error()) co_return http::problem(text.error(), request);
  if (*text) request.body = std::move(**text);
  if (body->format == schemas::manifest::Format::json && is_estimate(request.body)) {
    const core::Result<JsonBody> estimate =
        JsonBody::parse(request, {"models", "estimated_items", "estimated_input_tokens", "estimated_output_tokens",
                                  "operation", "sla_tier", "routing_mode", "privacy_tier", "allowed_regions"});
    if (estimate.has_error()) co_return http::problem(estimate.error(), request);
    auto work = [&app, &principal, &estimate] { return estimate_command(app, principal->org, *estimate); };
    lock = co_await http::run_on(app.blocking, std::move(work));
  } else {
    LockedManifest locked = co_await lock_manifest(app, principal->org, *body);
    if (const auto* faults = std::get_if<Faults>(&locked)) co_return faults_response(request, *faults);
    if (const auto* error = std::get_if<core::Error>(&locked)) co_return http::problem(*error, request);
    lock = std::get<core::quote::LockQuote>(std::move(locked));
  }
  if (lock.has_error()) co_return http::problem(lock.error(), request);
  const core::QuoteId quote = lock->quote;
  const core::Result<processors::Answer> locked =
      co_await command(app, core::aggregate_of(principal->org), std::move(*lock));
  if (locked.has_error()) co_return http::problem(locked.error(), request);
  co_return quote_response(app, request, principal->org, quote, 201);
}

http::awaitable<http::Response> get_quote(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  if (const auto query = check_query(request, {}); query.has_error()) co_return http::problem(query.error(), request);
  co_return quote_response(app, request, principal->org, core::QuoteId(request.path_parameter("id")), 200);
}

}  // namespace

void add_quotes(http::Router& router, const App& app) {
  router.add(http::Method::post, "/v1/quotes/model",
             [&app](http::Request& request) { return create_quote(app, request); },
             {http::Body::stream, app.settings.body_bytes_max, org});
  router.add(http::Method::get, "/v1/quotes/{id}", [&app](http::Request& request) { return get_quote(app, request); },
             {http::Body::none, 0, org});
}

}  // namespace api::resources
