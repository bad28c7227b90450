// Which lanes may be asked now, and why the others may not: learned from how attempts end.
//
// Trouble closes as much of a provider as it is about: an account all of it, an unknown model that model, an outage one
// mode. What is closed opens again by itself after a while; trouble that comes back closes it for longer.
//
// Threading: one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/quote/state.h"
#include "processors/ports/lane.h"
#include "processors/ports/lane_board.h"

namespace processors {

class LaneHealth {
 public:
  struct Settings {
    core::Duration park = std::chrono::minutes(5);        // after trouble that somebody must mend
    core::Duration rest_first = std::chrono::seconds(5);  // after trouble that passes; doubled while it comes back
    core::Duration rest_max = std::chrono::minutes(5);
  };

  explicit LaneHealth(Settings settings) : settings_(settings) {}

  struct Closed {
    std::string reason;
    core::Timestamp until;
    bool waits = false;  // it works, and has too much to do: worth waiting for while there is time
    bool full = false;   // the end of an attempt opens it
  };
  std::optional<Closed> closed(const core::quote::RouteLane& lane, core::Timestamp now) const;
  std::vector<LaneStatus> closed_lanes(core::Timestamp now) const;

  // Answers whether the lane is closed because of it, that was not before.
  bool attempt_ended(const core::quote::RouteLane& lane, const AttemptEnd& end, bool any_succeeded,
                     core::Timestamp now);

  // Forgets all trouble of a provider. Answers how many closures that ended.
  std::size_t unpark(const core::ProviderId& provider, core::Timestamp now);

 private:
  using Scope = std::tuple<core::ProviderId, std::optional<core::ModelSlug>, std::optional<core::Mode>>;
  struct Closure {
    LaneState state = LaneState::open;
    std::string reason;
    int times = 0;  // in a row
    bool waits = false;
    core::Timestamp since;
    core::Timestamp until;
  };

  static std::vector<Scope> scopes_of(const core::quote::RouteLane& lane);

  const Settings settings_;
  std::map<Scope, Closure> closures_;  // those that are over are kept until the lane has done well again
};

}  // namespace processors
