// What this process knows of one partition while it has it open: its appends that are not confirmed yet, and the newest
// epoch that came by. It decides what each record that is read back means; it does no I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "adapters/kafka/record_codec.h"
#include "processors/ports/journal.h"

namespace adapters::kafka {

// Threading: none; its owner locks. What has to be called is handed out as calls, to be made without the lock.
class Tenure {
 public:
  using Calls = std::vector<std::function<void()>>;
  using Clock = std::chrono::steady_clock;

  explicit Tenure(processors::Journal::Lost lost) : lost_(std::move(lost)) {}

  struct Append {
    core::Epoch epoch;
    std::string instance;
    std::int64_t sequence = 0;
    std::size_t bytes = 0;
    Clock::time_point at;
    processors::Journal::Confirmed confirmed;
  };
  void appended(Append append);

  // The tail has found where it begins.
  void begin(core::Offset end);
  const std::optional<core::Offset>& begun() const { return begun_; }

  // The tail has read a record: every one from begin() on, in order.
  struct ReadBack {
    std::optional<Append> confirmed;  // ours, and it counts
    std::optional<core::Error> lost;  // to be handed to lose()
    Calls calls;
  };
  ReadBack read(core::Offset offset, const Origin& origin);

  // Answers all that wait with `error`, then says that the partition is lost, if it was begun. Only the first counts.
  void lose(const core::Error& error, Calls& calls);
  // Answers all that wait; the partition is given up by ourselves, so nobody is told that it was lost.
  void end(const core::Error& error, Calls& calls);

  const std::optional<core::Error>& loss() const { return loss_; }
  std::size_t pending_bytes() const { return pending_bytes_; }
  // When the oldest append was made that still waits.
  std::optional<Clock::time_point> waiting_since() const;

 private:
  const processors::Journal::Lost lost_;
  std::optional<core::Offset> begun_;
  std::optional<core::Offset> next_;      // that the tail reads
  core::Epoch newest_;                    // in the tail; a record that reading found may stand behind ours
  std::optional<core::Epoch> own_epoch_;  // of our last append
  std::deque<Append> pending_;
  std::size_t pending_bytes_ = 0;
  std::optional<core::Error> loss_;
};

}  // namespace adapters::kafka
