// Which of its route's lanes a unit goes to now. Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/batch/state.h"
#include "processors/dispatch/lane_health.h"

namespace processors {

struct LaneChoice {
  std::optional<std::size_t> lane;              // index into the lanes; none: every one is closed
  std::vector<core::batch::PassedLane> passed;  // ranked higher than the one taken
  core::Timestamp try_at;                       // when there is none: the first that opens
  std::optional<std::size_t> full;              // when there is none: the first that has no room for another attempt
};

struct LaneRules {
  core::Duration rescue_time = std::chrono::hours(1);  // before the deadline, in which only synchronous lanes are used
  core::Duration batch_time_min = std::chrono::minutes(10);  // less than that is not worth a provider batch
  // Why a lane is not to be asked now, and until when.
  std::function<std::optional<LaneHealth::Closed>(const core::quote::RouteLane&)> closed;
  std::uint32_t batch_items_min = 1;  // fewer items do not make a provider batch
};

// The best ranked lane that is open, worth its while with the time and the items left, and was not tried with this unit
// before; if there is none such, the best that is open. One that is only busy is waited for while there is time.
LaneChoice choose_lane(const std::vector<core::quote::RouteLane>& lanes, const core::batch::Unit& unit,
                       core::Timestamp now, core::Timestamp deadline, const LaneRules& rules);

// When a provider batch for a route is to be given up, so that the rest can be asked synchronously; none where no
// synchronous lane could take it over.
std::optional<core::Timestamp> give_up_time(const std::vector<core::quote::RouteLane>& lanes, core::Timestamp deadline,
                                            core::Duration rescue_time);

}  // namespace processors
