#include "core/batch/state.h"

namespace core::batch {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::pending: return "pending";
    case Phase::queued: return "queued";
    case Phase::routing: return "routing";
    case Phase::dispatched: return "dispatched";
    case Phase::processing: return "processing";
    case Phase::completing: return "completing";
    case Phase::completed: return "completed";
    case Phase::failed: return "failed";
    case Phase::cancelled: return "cancelled";
    case Phase::expired: return "expired";
  }
  return "";
}

std::optional<Phase> phase_from_string(std::string_view text) {
  for (const Phase phase : {Phase::pending, Phase::queued, Phase::routing, Phase::dispatched, Phase::processing,
                            Phase::completing, Phase::completed, Phase::failed, Phase::cancelled, Phase::expired}) {
    if (to_string(phase) == text) return phase;
  }
  return std::nullopt;
}

bool terminal(Phase phase) {
  switch (phase) {
    case Phase::completed:
    case Phase::failed:
    case Phase::cancelled:
    case Phase::expired: return true;
    case Phase::pending:
    case Phase::queued:
    case Phase::routing:
    case Phase::dispatched:
    case Phase::processing:
    case Phase::completing: return false;
  }
  return false;
}

bool may_follow(Phase from, Phase to) {
  if (terminal(from)) return false;
  if (to == Phase::cancelled || to == Phase::expired) return true;
  switch (from) {
    case Phase::pending: return to == Phase::queued;
    case Phase::queued: return to == Phase::routing;
    case Phase::routing: return to == Phase::dispatched || to == Phase::completing;
    case Phase::dispatched: return to == Phase::processing || to == Phase::completing;
    case Phase::processing: return to == Phase::completing;
    case Phase::completing: return to == Phase::completed || to == Phase::failed;
    case Phase::completed:
    case Phase::failed:
    case Phase::cancelled:
    case Phase::expired: return false;
  }
  return false;
}

Tally& Tally::operator+=(const Tally& other) {
  succeeded += other.succeeded;
  failed += other.failed;
  exhausted += other.exhausted;
  cancelled += other.cancelled;
  expired += other.expired;
  return *this;
}

Tally& Tally::operator-=(const Tally& other) {
  succeeded -= other.succeeded;
  failed -= other.failed;
  exhausted -= other.exhausted;
  cancelled -= other.cancelled;
  expired -= other.expired;
  return *this;
}

Segments& Segments::operator+=(const Segments& other) {
  output += other.output;
  error += other.error;
  receipt += other.receipt;
  review += other.review;
  raw += other.raw;
  return *this;
}

Segments& Segments::operator-=(const Segments& other) {
  output -= other.output;
  error -= other.error;
  receipt -= other.receipt;
  review -= other.review;
  raw -= other.raw;
  return *this;
}

bool LaneShare::same_lane(const LaneShare& other) const {
  return provider == other.provider && model == other.model && mode == other.mode && operation == other.operation;
}

void add_share(LaneShares& shares, const LaneShare& share) {
  for (LaneShare& known : shares) {
    if (!known.same_lane(share)) continue;
    known.succeeded += share.succeeded;
    known.failed += share.failed;
    known.input_tokens += share.input_tokens;
    known.cached_tokens += share.cached_tokens;
    known.output_tokens += share.output_tokens;
    known.charged = known.charged + share.charged;
    known.provider_cost = known.provider_cost + share.provider_cost;
    return;
  }
  shares.push_back(share);
}

LaneShares shares_of(const quote::Route& route, const Progress& unit, const LaneShares& said) {
  if (!said.empty()) return said;
  return {{route.provider, route.model, route.mode, route.operation, unit.tally.succeeded, unit.tally.failed,
           unit.input_tokens, unit.output_tokens, unit.charged, unit.provider_cost}};
}

Progress& Progress::operator+=(const Progress& other) {
  tally += other.tally;
  segments += other.segments;
  charged = charged + other.charged;
  provider_cost = provider_cost + other.provider_cost;
  input_tokens += other.input_tokens;
  output_tokens += other.output_tokens;
  return *this;
}

Progress& Progress::operator-=(const Progress& other) {
  tally -= other.tally;
  segments -= other.segments;
  charged = charged - other.charged;
  provider_cost = provider_cost - other.provider_cost;
  input_tokens -= other.input_tokens;
  output_tokens -= other.output_tokens;
  return *this;
}

}  // namespace core::batch
