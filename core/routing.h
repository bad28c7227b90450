// Which offerings may serve an item, why the others may not, and in which order they are tried.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/learning/scores.h"
#include "core/manifest.h"
#include "core/time.h"

namespace core {

// A lane that this deployment can use now.
struct ConfiguredLane {
  ProviderId provider;
  Mode mode = Mode::sync;
  bool public_lane = true;  // false: a self-hosted server
  // What one work unit for it may hold; 0: as the service is set.
  std::uint32_t items_max = 0;
  std::uint64_t bytes_max = 0;
};

struct RouteRequest {
  std::vector<ModelSlug> models;
  Operation operation = Operation::responses;
  PrivacyTier privacy_tier = PrivacyTier::standard;
  std::vector<std::string> allowed_regions;
  RoutingMode routing_mode = RoutingMode::cheapest;
  Duration slack{};  // from the start of the work to the deadline
  // How long a batch lane takes as a rule. Providers promise 24 h and are mostly done within a few; asking for the
  // whole promise would bar every 24 h manifest from half price. An answer that is late is bought again from a
  // synchronous lane.
  Duration batch_expectation = std::chrono::hours(12);
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens_max = 0;  // bought; 0 for embeddings
  // Why the item cannot be written in another dialect than its own. Embeddings never can.
  std::map<Operation, std::string> not_expressible = {};
};

struct RouteCandidate {
  std::size_t offering = 0;                  // index into Catalog::offerings()
  Money ceiling;                             // what this item can cost there at most
  Operation dialect = Operation::responses;  // in which the provider would be asked
  double quality_score = 0;                  // the model's prior, moved by the org's own judgements
  double reliability_prior_score = 0;        // static, the provider's
  std::optional<double> observed_confidence_score =
      {};                  // of this deployment; absent while there is too little to go by
  double trust_score = 0;  // observed_confidence_score where there is one, else reliability_prior_score
};
// Which telemetry an observed confidence came from: "none" or "routing_outcomes".
std::string_view observed_confidence_basis(const std::optional<double>& observed_confidence_score);

// A lane trusted less is left out, as a parked one is, unless nothing else is left.
constexpr double trust_score_min = 0.7;

enum class RejectionReason {
  model_unknown,
  operation_not_supported,
  context_too_small,
  lane_not_configured,
  not_public,
  privacy_tier_not_met,
  region_not_allowed,
  sla_too_tight,
  not_translatable,
  lane_parked,
  confidence_too_low,
};
std::string_view to_string(RejectionReason reason);

struct Rejection {
  ModelSlug model;
  ProviderId provider;  // empty for model_unknown, operation_not_supported and context_too_small
  Mode mode = Mode::sync;
  RejectionReason reason = RejectionReason::model_unknown;
  std::string detail = {};  // for people; of not_translatable
};

struct RouteDecision {
  std::vector<RouteCandidate> ranked;  // best first; empty: no eligible lane
  std::vector<Rejection> rejected;
};

// Pure. Ties are broken by catalog order, so that equal inputs give equal routes.
//
// A price is compared as what it comes to for each answer that can be expected: ceiling / trust_score.
RouteDecision route(const Catalog& catalog, const std::vector<ConfiguredLane>& lanes, const RouteRequest& request,
                    const learning::Scores& scores = {});

}  // namespace core
