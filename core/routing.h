// Which offerings may serve an item, why the others may not, and in which order they are tried.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/manifest.h"
#include "core/time.h"

namespace core {

// A lane that this deployment can use now.
struct ConfiguredLane {
  ProviderId provider;
  Mode mode = Mode::sync;
  bool public_lane = true;  // false: a self-hosted server
};

struct RouteRequest {
  std::vector<ModelSlug> models;
  Operation operation = Operation::responses;
  PrivacyTier privacy_tier = PrivacyTier::standard;
  std::vector<std::string> allowed_regions;
  RoutingMode routing_mode = RoutingMode::cheapest;
  Duration slack{};  // from the start of the work to the deadline
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens_max = 0;  // bought; 0 for embeddings
};

struct RouteCandidate {
  std::size_t offering = 0;  // index into Catalog::offerings()
  Money ceiling;             // what this item can cost there at most
  double quality_score = 0;
  double reliability_prior_score = 0;
};

enum class RejectionReason {
  model_unknown,
  operation_not_supported,
  context_too_small,
  lane_not_configured,
  not_public,
  privacy_tier_not_met,
  region_not_allowed,
  sla_too_tight,
};
std::string_view to_string(RejectionReason reason);

struct Rejection {
  ModelSlug model;
  ProviderId provider;  // empty for model_unknown, operation_not_supported and context_too_small
  Mode mode = Mode::sync;
  RejectionReason reason = RejectionReason::model_unknown;
};

struct RouteDecision {
  std::vector<RouteCandidate> ranked;  // best first; empty: no eligible lane
  std::vector<Rejection> rejected;
};

// Pure. Ties are broken by catalog order, so that equal inputs give equal routes.
RouteDecision route(const Catalog& catalog, const std::vector<ConfiguredLane>& lanes, const RouteRequest& request);

}  // namespace core
