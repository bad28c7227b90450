// What this process knows of lanes: read from the rows of the partitions that it serves, and kept for a moment, since
// every quote asks for it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/learning/scores.h"
#include "processors/ports/lane_board.h"
#include "processors/state_reader.h"

namespace processors {

// As of one moment. Days older than learning::remembered_for are left out.
struct LaneHistory {
  core::Timestamp at;
  std::vector<core::learning::LaneDay> days;  // over all partitions read, each lane, operation and day once
  std::vector<core::learning::WorkflowDay> workflow_days;  // likewise, each product and day once
  std::uint32_t partitions_read = 0;
  core::learning::Scores scores;  // of nobody: no judgements, nothing parked
};

// Threading: any thread; a call may block for as long as rows are read. When what is kept has grown old, one caller
// reads anew while the others go on with it.
class LaneScores {
 public:
  static constexpr core::Duration kept_for = std::chrono::seconds(1);

  // `board` may be null: nothing is parked. What is borrowed must outlive this.
  LaneScores(StateReader reader, std::function<core::Timestamp()> now, const LaneBoard* board = nullptr)
      : reader_(reader), now_(std::move(now)), board_(board) {}

  // For routing an org's items. Errors: storage_failed, log_corrupt; unavailable where its partition is not served.
  core::Result<core::learning::Scores> of(const core::OrgId& org) const;

  // At most `kept_for` old, but for the time that reading takes. Never null.
  core::Result<std::shared_ptr<const LaneHistory>> history() const;

 private:
  core::Result<std::shared_ptr<const LaneHistory>> read(core::Timestamp now) const;

  const StateReader reader_;
  const std::function<core::Timestamp()> now_;
  const LaneBoard* const board_;
  mutable std::atomic<std::shared_ptr<const LaneHistory>> kept_;
  mutable std::atomic<bool> reading_ = false;
};

}  // namespace processors
