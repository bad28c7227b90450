#include "processors/learning/lane_scores.h"

#include <map>

namespace processors {

namespace {

using core::learning::Judgement;
using core::learning::LaneDay;
using core::learning::WorkflowDay;

void merge(LaneDay& into, const LaneDay& day) {
  into.succeeded += day.succeeded;
  into.item_faults += day.item_faults;
  into.lane_faults += day.lane_faults;
  into.invalid += day.invalid;
  into.attempts += day.attempts;
  into.took += day.took;
  into.items_settled += day.items_settled;
  into.input_tokens += day.input_tokens;
  into.output_tokens += day.output_tokens;
  into.charged = into.charged + day.charged;
}

void merge(WorkflowDay& into, const WorkflowDay& day) {
  into.items_settled += day.items_settled;
  into.input_tokens += day.input_tokens;
  into.output_tokens += day.output_tokens;
  into.charged = into.charged + day.charged;
}

}  // namespace

core::Result<core::learning::Scores> LaneScores::of(const core::OrgId& org) const {
  const auto known = history();
  if (known.has_error()) return known.error();
  core::learning::Scores scores = (*known)->scores;
  const auto judged = reader_.list<Judgement>(core::aggregate_of(org), schemas::row_prefix<Judgement>(org), "",
                                              Order::oldest_first, [&](const Judgement& judgement) {
                                                scores.add(judgement);
                                                return true;
                                              });
  if (judged.has_error()) return judged.error();
  if (board_ != nullptr) {
    for (const LaneStatus& lane : board_->closed_lanes()) {
      if (lane.state != LaneState::parked) continue;
      for (const core::Mode mode : {core::Mode::batch, core::Mode::sync}) {
        if (!lane.mode || *lane.mode == mode) scores.park(lane.provider, lane.model.value_or(core::ModelSlug()), mode);
      }
    }
  }
  return scores;
}

core::Result<std::shared_ptr<const LaneHistory>> LaneScores::history() const {
  const core::Timestamp now = now_();
  const std::shared_ptr<const LaneHistory> kept = kept_.load();
  if (kept && now - kept->at < kept_for) return kept;
  if (reading_.exchange(true) && kept) return kept;
  core::Result<std::shared_ptr<const LaneHistory>> fresh = read(now);
  if (fresh.has_value()) kept_.store(*fresh);
  reading_.store(false);
  return fresh;
}

core::Result<std::shared_ptr<const LaneHistory>> LaneScores::read(core::Timestamp now) const {
  const core::Timestamp first = std::chrono::floor<std::chrono::days>(now - core::learning::remembered_for);
  std::map<LaneDay::Key, LaneDay> days;
  const core::Result<std::uint32_t> read =
      reader_.list_served<LaneDay>(schemas::row_prefix<LaneDay>(first), [&](const LaneDay& day) {
        const auto [known, added] = days.try_emplace(day.key(), day);
        if (!added) merge(known->second, day);
      });
  if (read.has_error()) return read.error();
  std::map<WorkflowDay::Key, WorkflowDay> workflow_days;
  const core::Result<std::uint32_t> workflows_read =
      reader_.list_served<WorkflowDay>(schemas::row_prefix<WorkflowDay>(first), [&](const WorkflowDay& day) {
        const auto [known, added] = workflow_days.try_emplace(day.key(), day);
        if (!added) merge(known->second, day);
      });
  if (workflows_read.has_error()) return workflows_read.error();
  auto history = std::make_shared<LaneHistory>();
  history->at = now;
  history->partitions_read = *read;
  for (auto& [key, day] : days) {
    history->scores.add(day, now);
    history->days.push_back(std::move(day));
  }
  for (auto& [key, day] : workflow_days) history->workflow_days.push_back(std::move(day));
  return std::shared_ptr<const LaneHistory>(std::move(history));
}

}  // namespace processors
