#include "core/routing.h"

#include <algorithm>
#include <chrono>

#include "core/pricing.h"

namespace core {
namespace {

// How long a batch lane takes as a rule. Providers promise 24 h and are mostly done within a few; asking for the whole
// promise would bar every 24 h manifest from half price. An answer that is late is bought again from a synchronous
// lane.
constexpr Duration batch_expectation = std::chrono::hours(12);

// Below this even a synchronous lane cannot be asked, answer and be asked once more.
constexpr Duration sync_expectation = std::chrono::minutes(1);

// Under this much slack `sla_aware` does not count on the expectation of a batch lane.
constexpr Duration batch_comfort = 2 * batch_expectation;

constexpr Duration expectation(Mode mode) {
  switch (mode) {
    case Mode::batch: return batch_expectation;
    case Mode::sync: return sync_expectation;
  }
  return {};
}

bool contains(const std::vector<std::string>& regions, std::string_view region) {
  return std::find(regions.begin(), regions.end(), region) != regions.end();
}

// "global" allows every place. An offering that may run in several places meets a restriction only if all of them do.
bool region_allowed(const Offering& offering, const std::vector<std::string>& allowed) {
  if (contains(allowed, "global")) return true;
  return std::all_of(offering.regions.begin(), offering.regions.end(),
                     [&](const std::string& region) { return contains(allowed, region); });
}

bool context_fits(const Model& model, const RouteRequest& request) {
  return request.output_tokens_max <= model.context_tokens_max &&
         request.input_tokens <= model.context_tokens_max - request.output_tokens_max;
}

std::optional<RejectionReason> model_rejection(const Model* model, const RouteRequest& request) {
  if (model == nullptr) return RejectionReason::model_unknown;
  if (std::find(model->operations.begin(), model->operations.end(), request.operation) == model->operations.end())
    return RejectionReason::operation_not_supported;
  if (!context_fits(*model, request)) return RejectionReason::context_too_small;
  return std::nullopt;
}

std::optional<RejectionReason> offering_rejection(const Offering& offering, const std::vector<ConfiguredLane>& lanes,
                                                  const RouteRequest& request) {
  const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const ConfiguredLane& configured) {
    return configured.provider == offering.provider && configured.mode == offering.mode;
  });
  if (lane == lanes.end()) return RejectionReason::lane_not_configured;
  if (request.routing_mode == RoutingMode::public_only && !lane->public_lane) return RejectionReason::not_public;
  if (offering.privacy_tier < request.privacy_tier) return RejectionReason::privacy_tier_not_met;
  if (!region_allowed(offering, request.allowed_regions)) return RejectionReason::region_not_allowed;
  if (request.slack < expectation(offering.mode)) return RejectionReason::sla_too_tight;
  return std::nullopt;
}

// Whether `a` is to be tried before `b`, by what the routing mode cares about before the price.
bool preferred(const Catalog& catalog, const RouteRequest& request, const RouteCandidate& a, const RouteCandidate& b) {
  switch (request.routing_mode) {
    case RoutingMode::cheapest:
    case RoutingMode::public_only: return false;
    case RoutingMode::sla_aware: {
      const bool a_sync = catalog.offerings()[a.offering].mode == Mode::sync;
      const bool b_sync = catalog.offerings()[b.offering].mode == Mode::sync;
      return request.slack < batch_comfort && a_sync && !b_sync;
    }
    case RoutingMode::quality:
      return a.quality_score * a.reliability_prior_score > b.quality_score * b.reliability_prior_score;
  }
  return false;
}

void rank(const Catalog& catalog, const RouteRequest& request, std::vector<RouteCandidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [&](const RouteCandidate& a, const RouteCandidate& b) {
    if (preferred(catalog, request, a, b)) return true;
    if (preferred(catalog, request, b, a)) return false;
    if (a.ceiling != b.ceiling) return a.ceiling < b.ceiling;
    return a.offering < b.offering;
  });
}

}  // namespace

std::string_view to_string(RejectionReason reason) {
  switch (reason) {
    case RejectionReason::model_unknown: return "model_unknown";
    case RejectionReason::operation_not_supported: return "operation_not_supported";
    case RejectionReason::context_too_small: return "context_too_small";
    case RejectionReason::lane_not_configured: return "lane_not_configured";
    case RejectionReason::not_public: return "not_public";
    case RejectionReason::privacy_tier_not_met: return "privacy_tier_not_met";
    case RejectionReason::region_not_allowed: return "region_not_allowed";
    case RejectionReason::sla_too_tight: return "sla_too_tight";
  }
  return "";
}

RouteDecision route(const Catalog& catalog, const std::vector<ConfiguredLane>& lanes, const RouteRequest& request) {
  RouteDecision decision;
  for (const ModelSlug& slug : request.models) {
    const Model* model = catalog.model(slug);
    if (const auto reason = model_rejection(model, request)) {
      decision.rejected.push_back({slug, ProviderId(), Mode::sync, *reason});
      continue;
    }
    for (const std::size_t index : catalog.offerings_of(slug)) {
      const Offering& offering = catalog.offerings()[index];
      if (const auto reason = offering_rejection(offering, lanes, request)) {
        decision.rejected.push_back({slug, offering.provider, offering.mode, *reason});
        continue;
      }
      // Nothing counts as cached: caches are the provider's, and a promise cannot lean on them.
      const auto ceiling = price_tokens(offering.prices, request.input_tokens, 0, request.output_tokens_max);
      if (!ceiling) {  // more tokens than can be priced
        decision.rejected.push_back({slug, offering.provider, offering.mode, RejectionReason::context_too_small});
        continue;
      }
      const Provider* provider = catalog.provider(offering.provider);
      decision.ranked.push_back(
          {index, *ceiling, model->quality_score, provider == nullptr ? 0.0 : provider->reliability_prior_score});
    }
  }
  rank(catalog, request, decision.ranked);
  return decision;
}

}  // namespace core
