#include "core/job_queue/state.h"

#include <array>

namespace core::job_queue {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::pending: return "pending";
    case Phase::processing: return "processing";
    case Phase::completed: return "completed";
    case Phase::failed: return "failed";
    case Phase::cancelled: return "cancelled";
  }
  return "";
}

std::optional<Phase> phase_from_string(std::string_view text) {
  constexpr std::array phases{Phase::pending, Phase::processing, Phase::completed, Phase::failed, Phase::cancelled};
  for (const Phase phase : phases) {
    if (to_string(phase) == text) return phase;
  }
  return std::nullopt;
}

bool terminal(Phase phase) {
  switch (phase) {
    case Phase::pending:
    case Phase::processing: return false;
    case Phase::completed:
    case Phase::failed:
    case Phase::cancelled: return true;
  }
  return false;
}

std::uint64_t& QueueStats::count_of(Phase phase) {
  switch (phase) {
    case Phase::pending: return pending;
    case Phase::processing: return processing;
    case Phase::completed: return completed;
    case Phase::failed: return failed;
    case Phase::cancelled: break;
  }
  return cancelled;
}

std::uint64_t QueueStats::count_of(Phase phase) const {
  QueueStats copy = *this;
  return copy.count_of(phase);
}

}  // namespace core::job_queue
