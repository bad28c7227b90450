#include "processors/dispatch/lane_choice.h"

#include <algorithm>
#include <string>

namespace processors {

namespace {

bool tried(const core::batch::Unit& unit, const core::quote::RouteLane& lane) {
  return std::any_of(unit.attempts.begin(), unit.attempts.end(), [&](const core::batch::AttemptRecord& attempt) {
    return attempt.ended_at && attempt.provider == lane.provider && attempt.model == lane.model &&
           attempt.mode == lane.mode;
  });
}

bool has_sync_lane(const std::vector<core::quote::RouteLane>& lanes) {
  return std::any_of(lanes.begin(), lanes.end(),
                     [](const core::quote::RouteLane& lane) { return lane.mode == core::Mode::sync; });
}

// Why a lane that is open is not the one to take, if another will do.
std::optional<std::string> worse(const core::quote::RouteLane& lane, const core::batch::Unit& unit,
                                 core::Duration time_left, const LaneRules& rules) {
  if (lane.mode == core::Mode::batch) {
    if (time_left < rules.rescue_time + rules.batch_time_min) return "deadline_near";
    if (unit.item_count - unit.progress.tally.total() < rules.batch_items_min) return "too_few_items";
  }
  if (tried(unit, lane)) return "tried_before";
  return std::nullopt;
}

}  // namespace

LaneChoice choose_lane(const std::vector<core::quote::RouteLane>& lanes, const core::batch::Unit& unit,
                       core::Timestamp now, core::Timestamp deadline, const LaneRules& rules) {
  enum class Round { picky, any };
  LaneChoice choice;
  for (const Round round : {Round::picky, Round::any}) {
    choice = LaneChoice{};
    choice.try_at = core::Timestamp::max();
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const core::quote::RouteLane& lane = lanes[i];
      std::optional<std::string> reason;
      if (const auto closed = rules.closed(lane)) {
        reason = closed->reason;
        choice.try_at = std::min(choice.try_at, closed->until);
        if (closed->full && !choice.full) choice.full = i;
        const bool has_time = deadline - now >= rules.rescue_time + rules.batch_time_min;
        if (round == Round::picky && closed->waits && has_time && !worse(lane, unit, deadline - now, rules)) {
          choice.try_at = closed->until;
          return choice;  // rather later than at a higher price
        }
      } else if (round == Round::picky) {
        reason = worse(lane, unit, deadline - now, rules);
      }
      if (!reason) {
        choice.lane = i;
        return choice;
      }
      choice.passed.push_back({lane.provider, lane.model, lane.mode, *std::move(reason)});
    }
  }
  return choice;
}

std::optional<core::Timestamp> give_up_time(const std::vector<core::quote::RouteLane>& lanes, core::Timestamp deadline,
                                            core::Duration rescue_time) {
  if (!has_sync_lane(lanes)) return std::nullopt;
  return deadline - rescue_time;
}

}  // namespace processors
