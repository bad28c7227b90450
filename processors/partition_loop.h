// Drives one partition: takes the commands that wait, decides them, appends one group to the journal, and once that is
// confirmed applies it to the store, answers, and hands out effects.
//
// Threading: everything runs on the loop's strand; submit() and status() may be called from any thread.
// Lifetime:  journal, store and effects must outlive the loop. Call stop() and let the executor run dry before
//            destroying it.
// Delivery:  a command is answered only after the events it caused are durable and applied. After a crash what was
//            appended stands, whether or not it was answered.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/decide.h"
#include "processors/command_bus.h"
#include "processors/effect_runner.h"
#include "processors/overlay.h"
#include "processors/ports/journal.h"
#include "processors/ports/metrics.h"
#include "processors/ports/state_store.h"
#include "schemas/journal_codec.h"
#include "schemas/position_codec.h"

namespace processors {

class PartitionLoop {
 public:
  struct Settings {
    core::Partition partition;
    std::string instance;  // of this process, unique
    core::Policy policy;
    std::function<core::Timestamp()> now;
  };

  PartitionLoop(boost::asio::any_io_executor executor, Settings settings, Journal& journal, StateStore& store,
                EffectRunner& effects, Metrics& metrics);

  // Folds the journal's tail into the store and takes the partition over. Blocks; call before anything else.
  // Errors: log_corrupt, malformed_event, storage_failed, fenced: the partition must not be served.
  core::Result<void> recover();

  // Hands out what recovery found undone, and starts to take commands and timers.
  void start();
  // Refuses new commands, lets the turn in flight end, then calls `stopped`.
  void stop(std::function<void()> stopped);

  // `answered` is called once, on the strand. Errors: what decide refuses with; unavailable when the partition is not
  // served; overloaded when too many wait.
  void submit(core::Envelope envelope, Answered answered);

  // Why the partition is not served; nullopt while it is.
  std::optional<core::Error> halted() const;

 private:
  struct Waiting {
    core::Envelope envelope;
    Answered answered;
    std::optional<core::TimerFired> timer;
  };
  struct Turn {
    Turn(core::Partition partition, core::Timestamp at) : time(at), group(partition, at) {}
    core::Timestamp time;
    schemas::GroupWriter group;
    std::vector<schemas::RecordedEvent> events;  // those in the group
    std::string chain;                           // of the record that the group became
    std::vector<std::pair<Answered, core::Result<Answer>>> answers;
  };

  core::Result<void> replay(core::Offset end);
  core::Result<void> apply_record(const StoredRecord& stored);
  core::Result<void> apply_events(core::Timestamp time, const std::vector<schemas::RecordedEvent>& events);
  core::Result<void> write_changes();
  core::Result<void> take_over();
  JournalRecord make_record(core::Epoch epoch, core::Timestamp time, schemas::GroupWriter group) const;

  void take_due_timers(core::Timestamp now);
  void begin_turn();
  void decide_one(Turn& turn, Waiting waiting);
  void end_turn(std::shared_ptr<Turn> turn, core::Result<core::Offset> confirmed);
  void arm_timer();
  void halt(core::Error error);
  void finish_stopping();

  Settings settings_;
  Journal& journal_;
  StateStore& store_;
  EffectRunner& effects_;
  Metrics& metrics_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;

  Overlay overlay_;
  schemas::Position position_;
  std::deque<Waiting> waiting_;
  bool turn_in_flight_ = false;
  bool started_ = false;
  std::function<void()> stopped_;

  // Set once, and read from any thread after that.
  std::optional<core::Error> halted_error_;
  std::atomic<bool> halted_ = false;
};

}  // namespace processors
