#include "core/routing.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/pricing.h"

namespace core {
namespace {

// Below this even a synchronous lane cannot be asked, answer and be asked once more.
constexpr Duration sync_expectation = std::chrono::minutes(1);

// With less than so many times the expectation as slack, `sla_aware` does not count on a batch lane.
constexpr int batch_comfort = 2;

Duration expectation(Mode mode, const RouteRequest& request) {
  switch (mode) {
    case Mode::batch: return request.batch_expectation;
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

bool chat(Operation operation) {
  switch (operation) {
    case Operation::responses:
    case Operation::chat_completions:
    case Operation::messages: return true;
    case Operation::embeddings: return false;
  }
  return false;
}

struct DialectChoice {
  std::optional<Operation> dialect;
  std::string why_not;  // where there is none
};

// The item's own dialect where the provider speaks it, else the first that can say the same.
DialectChoice choose_dialect(const Provider* provider, const RouteRequest& request) {
  static const std::vector<Operation> every;
  const std::vector<Operation>& spoken = provider == nullptr ? every : provider->dialects;
  if (spoken.empty() || std::find(spoken.begin(), spoken.end(), request.operation) != spoken.end())
    return {request.operation, {}};
  std::string why_not;
  for (const Operation dialect : spoken) {
    if (!chat(dialect) || !chat(request.operation)) continue;
    const auto obstacle = request.not_expressible.find(dialect);
    if (obstacle == request.not_expressible.end()) return {dialect, {}};
    if (why_not.empty()) why_not = obstacle->second;
  }
  if (why_not.empty()) why_not = "it does not speak " + std::string(to_string(request.operation));
  return {std::nullopt, std::move(why_not)};
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
  if (request.slack < expectation(offering.mode, request)) return RejectionReason::sla_too_tight;
  return std::nullopt;
}

void add_scores(const Catalog& catalog, const Model& model, const RouteRequest& request, const learning::Scores& scores,
                RouteCandidate& candidate) {
  const Offering& offering = catalog.offerings()[candidate.offering];
  const Provider* provider = catalog.provider(offering.provider);
  candidate.quality_score = learning::blended_quality(
      model.quality_score, scores.judged(request.operation, offering.provider, offering.model));
  candidate.reliability_prior_score = provider == nullptr ? 0.0 : provider->reliability_prior_score;
  candidate.observed_confidence_score = learning::observed_confidence(
      candidate.reliability_prior_score, scores.record(offering.provider, offering.model, offering.mode));
  candidate.trust_score = candidate.observed_confidence_score.value_or(candidate.reliability_prior_score);
}

// What an answer is likely to cost where a lane has to be paid, or waited for, more than once.
double expected_price(const RouteCandidate& candidate) {
  constexpr double least_trust = 0.01;  // a lane that never answered is dear, not infinitely so
  return static_cast<double>(candidate.ceiling.nanos()) / std::max(candidate.trust_score, least_trust);
}

// Whether `a` is to be tried before `b`, by what the routing mode cares about before the price.
bool preferred(const Catalog& catalog, const RouteRequest& request, const RouteCandidate& a, const RouteCandidate& b) {
  switch (request.routing_mode) {
    case RoutingMode::cheapest:
    case RoutingMode::public_only: return false;
    case RoutingMode::sla_aware: {
      const bool a_sync = catalog.offerings()[a.offering].mode == Mode::sync;
      const bool b_sync = catalog.offerings()[b.offering].mode == Mode::sync;
      return request.slack < batch_comfort * request.batch_expectation && a_sync && !b_sync;
    }
    case RoutingMode::quality: return a.quality_score * a.trust_score > b.quality_score * b.trust_score;
  }
  return false;
}

void rank(const Catalog& catalog, const RouteRequest& request, std::vector<RouteCandidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [&](const RouteCandidate& a, const RouteCandidate& b) {
    if (preferred(catalog, request, a, b)) return true;
    if (preferred(catalog, request, b, a)) return false;
    const double a_price = expected_price(a);
    const double b_price = expected_price(b);
    if (a_price != b_price) return a_price < b_price;
    return a.offering < b.offering;
  });
}

// Unless it would leave nothing: a lane in doubt is better than none, as there may be time until the deadline.
template <class Unwanted>
void leave_out(const Catalog& catalog, RouteDecision& decision, RejectionReason reason, Unwanted unwanted) {
  if (std::all_of(decision.ranked.begin(), decision.ranked.end(), unwanted)) return;
  for (const RouteCandidate& candidate : decision.ranked) {
    if (!unwanted(candidate)) continue;
    const Offering& offering = catalog.offerings()[candidate.offering];
    decision.rejected.push_back({offering.model, offering.provider, offering.mode, reason});
  }
  std::erase_if(decision.ranked, unwanted);
}

}  // namespace

std::string_view observed_confidence_basis(const std::optional<double>& observed_confidence_score) {
  return observed_confidence_score ? "routing_outcomes" : "none";
}

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
    case RejectionReason::not_translatable: return "not_translatable";
    case RejectionReason::lane_parked: return "lane_parked";
    case RejectionReason::confidence_too_low: return "confidence_too_low";
  }
  return "";
}

RouteDecision route(const Catalog& catalog, const std::vector<ConfiguredLane>& lanes, const RouteRequest& request,
                    const learning::Scores& scores) {
  RouteDecision decision;
  for (const ModelSlug& slug : request.models) {
    const Model* model = catalog.model(slug);
    if (const auto reason = model_rejection(model, request)) {
      decision.rejected.push_back({slug, ProviderId(), Mode::sync, *reason});
      continue;
    }
    for (const std::size_t index : catalog.offerings_of(slug)) {
      const Offering& offering = catalog.offerings()[index];
      const auto reject = [&](RejectionReason reason, std::string detail = {}) {
        decision.rejected.push_back({slug, offering.provider, offering.mode, reason, std::move(detail)});
      };
      if (const auto reason = offering_rejection(offering, lanes, request)) {
        reject(*reason);
        continue;
      }
      DialectChoice choice = choose_dialect(catalog.provider(offering.provider), request);
      if (!choice.dialect) {
        reject(RejectionReason::not_translatable, std::move(choice.why_not));
        continue;
      }
      // Nothing counts as cached: caches are the provider's, and a promise cannot lean on them.
      const auto ceiling = price_tokens(offering.prices, request.input_tokens, 0, request.output_tokens_max);
      if (!ceiling) {  // more tokens than can be priced
        reject(RejectionReason::context_too_small);
        continue;
      }
      RouteCandidate candidate;
      candidate.offering = index;
      candidate.ceiling = *ceiling;
      candidate.dialect = *choice.dialect;
      add_scores(catalog, *model, request, scores, candidate);
      decision.ranked.push_back(candidate);
    }
  }
  leave_out(catalog, decision, RejectionReason::lane_parked, [&](const RouteCandidate& candidate) {
    const Offering& offering = catalog.offerings()[candidate.offering];
    return scores.parked(offering.provider, offering.model, offering.mode);
  });
  leave_out(catalog, decision, RejectionReason::confidence_too_low,
            [](const RouteCandidate& candidate) { return candidate.trust_score < trust_score_min; });
  rank(catalog, request, decision.ranked);
  return decision;
}

}  // namespace core
