#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/manifest.h"
#include "core/money.h"
#include "core/sealed.h"
#include "core/time.h"

namespace core::quote {

// What was asked for beside the items; the part of a manifest's header that events may hold.
struct Terms {
  SlaTier sla_tier = SlaTier::standard;
  RoutingMode routing_mode = RoutingMode::cheapest;
  PrivacyTier privacy_tier = PrivacyTier::standard;
  std::vector<std::string> allowed_regions;
  int priority = 50;
  bool dedupe = false;
  std::optional<Timestamp> run_after;
  std::optional<Timestamp> deadline;
  friend bool operator==(const Terms&, const Terms&) = default;
};
Terms terms_of(const ManifestHeader& header);

struct RejectedLane {
  ModelSlug model;
  ProviderId provider;
  std::string mode;
  std::string reason;
  std::string detail = {};  // for people; empty where the reason says it all
};

// A lane that may serve a route's items.
struct RouteLane {
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Prices prices;  // of the catalog that the quote was made with: what the work would cost us
  friend bool operator==(const RouteLane&, const RouteLane&) = default;
};
constexpr std::size_t route_lanes_max = 8;
constexpr std::size_t routes_max = 256;

// Items of one operation that go the same way, at locked prices. Provider, model, mode and prices are those of the best
// lane; its prices bind, whichever lane does the work.
struct Route {
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Prices prices;
  std::uint32_t item_count = 0;
  Money total;  // sum of the items' ceilings
  double quality_score = 0;
  double reliability_prior_score = 0;
  std::vector<ProviderId> fallback_order;
  Operation operation = Operation::responses;
  std::vector<RouteLane> lanes;  // best first; empty in old quotes: see lanes_of
  std::optional<double> observed_confidence_score;
  Prices list_prices;  // of its model by a synchronous call to its provider: what savings are measured by
};
// The lanes of a route, best first, at least one.
std::vector<RouteLane> lanes_of(const Route& route);

// How a manifest was priced and cut. The rest is in the plan blob and the unit blobs that it names.
struct Plan {
  Digest blob;     // the plan: header as sent, units
  Digest content;  // of the manifest: equal manifests have equal digests
  std::uint32_t item_count = 0;
  std::uint32_t unit_count = 0;
  Money total;
  std::vector<Route> routes;
  std::uint32_t equal_items = 0;  // that take over the answer of another one: neither asked nor billed
};

enum class Basis {
  manifest,  // locks these very items
  estimate,  // locks a ceiling per item, for at most so many items of these models
};

// The other kind of quote: so many items, none of them known.
struct Estimate {
  std::vector<ModelSlug> models;
  std::uint32_t items_max = 0;
  Money item_ceiling;
};

// locked -> consumed | expired
enum class Phase { locked, consumed, expired };

struct Quote {
  using Key = std::tuple<OrgId, QuoteId>;
  Key key() const { return {org, id}; }

  OrgId org;
  QuoteId id;
  Phase phase = Phase::locked;
  Basis basis = Basis::manifest;
  Terms terms;
  Plan plan;  // of an estimate: only routes and total
  Estimate estimate;
  std::vector<RejectedLane> rejected;
  std::string catalog_version;
  std::optional<Sealed> webhook;  // JSON {url, secret}
  Timestamp locked_at;
  Timestamp expires_at;
  std::optional<BatchId> batch;  // that consumed it
  std::string workflow;          // slug of the workflow product; empty: none
};

}  // namespace core::quote
