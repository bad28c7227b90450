#include "processors/dispatch/lane_health.h"

#include <algorithm>

namespace processors {

std::string_view to_string(LaneState state) {
  switch (state) {
    case LaneState::open: return "open";
    case LaneState::resting: return "resting";
    case LaneState::parked: return "parked";
  }
  return "";
}

std::vector<LaneHealth::Scope> LaneHealth::scopes_of(const core::quote::RouteLane& lane) {
  return {{lane.provider, std::nullopt, std::nullopt},
          {lane.provider, lane.model, std::nullopt},
          {lane.provider, std::nullopt, lane.mode},
          {lane.provider, lane.model, lane.mode}};
}

std::optional<LaneHealth::Closed> LaneHealth::closed(const core::quote::RouteLane& lane, core::Timestamp now) const {
  std::optional<Closed> longest;
  for (const Scope& scope : scopes_of(lane)) {
    const auto found = closures_.find(scope);
    if (found == closures_.end() || found->second.until <= now) continue;
    const Closure& closure = found->second;
    if (!longest || longest->until < closure.until)
      longest = Closed{std::string(to_string(closure.state)) + ": " + closure.reason, closure.until, closure.waits};
  }
  return longest;
}

std::vector<LaneStatus> LaneHealth::closed_lanes(core::Timestamp now) const {
  std::vector<LaneStatus> statuses;
  for (const auto& [scope, closure] : closures_) {
    if (closure.until <= now) continue;
    const auto& [provider, model, mode] = scope;
    statuses.push_back({provider, model, mode, closure.state, closure.reason, closure.since, closure.until});
  }
  return statuses;
}

bool LaneHealth::attempt_ended(const core::quote::RouteLane& lane, const AttemptEnd& end, bool any_succeeded,
                               core::Timestamp now) {
  std::optional<Scope> scope;
  LaneState state = LaneState::resting;
  bool waits = false;
  switch (end.trouble) {
    case Trouble::none:
    case Trouble::slow: break;
    case Trouble::busy:
      scope = {lane.provider, lane.model, lane.mode};
      waits = true;
      break;
    case Trouble::down: scope = {lane.provider, std::nullopt, lane.mode}; break;
    case Trouble::blocked:
      scope = {lane.provider, std::nullopt, std::nullopt};
      state = LaneState::parked;
      break;
    case Trouble::blocked_model:
      scope = {lane.provider, lane.model, std::nullopt};
      state = LaneState::parked;
      break;
    case Trouble::mismatched:
      scope = {lane.provider, std::nullopt, lane.mode};
      state = LaneState::parked;
      break;
  }
  if (!scope) {
    if (!any_succeeded) return false;
    for (const Scope& well : scopes_of(lane)) {
      const auto found = closures_.find(well);  // one that is not over is news that the attempt did not know of
      if (found != closures_.end() && found->second.until <= now) closures_.erase(found);
    }
    return false;
  }
  Closure& closure = closures_[*scope];
  const bool was_closed = closure.until > now;
  if (any_succeeded) closure.times = 0;
  core::Duration wait = settings_.park;
  if (state == LaneState::resting) {
    wait = std::min(settings_.rest_first * (1 << std::min(closure.times, 12)), settings_.rest_max);
    if (end.retry_after) wait = std::max<core::Duration>(wait, *end.retry_after);
  }
  closure.state = state;
  closure.reason = end.reason;
  closure.waits = waits;
  // Several attempts that met the same trouble count as one.
  if (!was_closed) {
    ++closure.times;
    closure.since = now;
  }
  closure.until = std::max(closure.until, now + wait);
  return !was_closed;
}

std::size_t LaneHealth::unpark(const core::ProviderId& provider, core::Timestamp now) {
  std::size_t ended = 0;
  std::erase_if(closures_, [&](const auto& entry) {
    if (std::get<core::ProviderId>(entry.first) != provider) return false;
    if (entry.second.until > now) ++ended;
    return true;
  });
  return ended;
}

}  // namespace processors
