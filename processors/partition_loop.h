// Drives one partition for one term of ownership: folds the journal, takes the partition over, then takes the commands
// that wait, decides them, appends one group to the journal, and once that is confirmed applies it to the store,
// answers, and hands out effects.
//
// Threading: everything runs on the loop's strand; submit() and halted() may be called from any thread. recover() and
//            close() block, on the caller's thread, and do not overlap with anything but submit().
// Lifetime:  shared with the work it has posted; journal, store and effects must outlive that. In order: recover(),
//            start(), stop(), close().
// Delivery:  a command is answered only after the events it caused are durable and applied. After a crash what was
//            appended stands, whether or not it was answered.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/decide.h"
#include "processors/command_bus.h"
#include "processors/effect_runner.h"
#include "processors/fold.h"
#include "processors/ports/command_source.h"
#include "processors/ports/journal.h"
#include "processors/ports/metrics.h"
#include "processors/ports/state_store.h"
#include "processors/term.h"
#include "schemas/journal_codec.h"

namespace processors {

class SnapshotRestore;

class PartitionLoop : public std::enable_shared_from_this<PartitionLoop> {
 public:
  struct Settings {
    core::Partition partition;
    std::uint32_t partition_count = 1;
    std::string instance;  // of this process, unique
    core::Policy policy;
    std::function<core::Timestamp()> now;
    core::Epoch tried = {};  // newest with which this process may have written a record that nobody has read back
    // Optional: false calls recover() off, as the partition is no longer ours to open.
    std::function<bool()> wanted = {};
    // Optional: told, on the strand, of the offset after each record that is confirmed and applied.
    std::function<void(core::Partition, core::Offset next)> confirmed = {};
    CommandSource* commands = nullptr;           // optional: the way in over the bus
    JournalReader* history = nullptr;            // optional: has the records that the journal has no more
    const SnapshotRestore* snapshots = nullptr;  // optional: where a partition without state begins
  };
  using Ended = std::function<void(core::Error)>;

  // What clients are told where no term serves the partition. What went wrong is for the operator, in the log and in
  // /readyz.
  static core::Error not_served();

  PartitionLoop(boost::asio::any_io_executor executor, Settings settings, Journal& journal, StateStore& store,
                EffectRunner& effects, Metrics& metrics);

  // Folds the journal's tail into the store and takes the partition over.
  // Errors: log_corrupt, malformed_event, storage_failed: the partition must not be served; unavailable, fenced: a new
  // loop may try again.
  core::Result<void> recover();

  // Hands out what recovery found undone, and starts to take commands and timers. `ended` is called once at most, on
  // the strand, when the term ends by itself.
  void start(Ended ended);
  // Begins no further turn until resume(), and calls `suspended` when none is in flight. Commands wait for `patience`,
  // then they are refused.
  void suspend(std::chrono::milliseconds patience, std::function<void()> suspended);
  void resume();
  // Refuses new commands, lets the turn in flight end, then calls `stopped`.
  void stop(std::function<void()> stopped);
  // Gives the journal back; what is in flight ends now, its outcome unknown.
  void close();

  // Of this term; null unless recover() has succeeded.
  TermPointer term() const { return term_; }
  // As in Settings, after recover(): also when that failed.
  core::Epoch tried() const { return tried_; }

  // `answered` is called once, on the strand. Errors: what decide refuses with; unavailable when the partition is not
  // served; overloaded when too many wait.
  void submit(core::Envelope envelope, Answered answered);

  // Why the term has ended; nullopt while it has not.
  std::optional<core::Error> halted() const;

 private:
  // Of a command that came over the bus.
  struct FromBus {
    core::Offset offset;
    core::CommandId id = {};                     // that its sender gave it, who may have sent it twice
    std::optional<core::Error> unreadable = {};  // why it cannot even be decided
  };
  struct Waiting {
    core::Envelope envelope;
    Answered answered;
    std::optional<core::TimerFired> timer;
    std::optional<FromBus> bus;
  };
  struct Turn {
    Turn(core::Partition partition, core::Timestamp at) : time(at), group(partition, at) {}
    core::Timestamp time;
    schemas::GroupWriter group;
    std::vector<schemas::RecordedEvent> events;  // those in the group
    JournalRecord record;                        // that the group became
    std::vector<std::pair<Answered, core::Result<Answer>>> answers;
  };

  core::Result<void> check_wanted() const;
  JournalReader& history() const;
  core::Result<void> find_state(core::Offset end);
  core::Result<void> load_position(core::Offset end);
  core::Result<void> replay(core::Offset until);
  core::Result<void> take_over();
  JournalRecord make_record(core::Epoch epoch, core::Timestamp time, schemas::GroupWriter group) const;

  void begin_serving(Ended ended);
  core::Result<void> start_commands();
  bool take_from_bus(const BusRecord& record);
  void take_due_timers(core::Timestamp now);
  void begin_turn();
  void decide_one(Turn& turn, Waiting waiting);
  static std::vector<core::Event> events_of(const Waiting& waiting, const core::Result<core::Decision>& decision);
  core::Result<void> apply_events(const Turn& turn, const Waiting& waiting, const std::vector<core::Event>& events);
  void append(std::shared_ptr<Turn> turn);
  void append_later(std::shared_ptr<Turn> turn);
  void end_turn(std::shared_ptr<Turn> turn, core::Result<core::Offset> confirmed);
  void arm_timer();
  core::Timestamp log_time();
  void refuse_waiting(const core::Error& error);
  bool out_of_patience() const;
  void halt(core::Error error);
  void turn_ended();

  Settings settings_;
  Journal& journal_;
  StateStore& store_;
  EffectRunner& effects_;
  Metrics& metrics_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;

  Fold fold_;
  std::deque<Waiting> waiting_;
  // The log is ahead of the wall clock: from where on.
  struct Ahead {
    core::Timestamp time;
    std::chrono::steady_clock::time_point since;
  };
  std::optional<Ahead> ahead_;
  bool turn_in_flight_ = false;
  bool started_ = false;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> suspended_until_;  // when commands are refused
  std::vector<std::function<void()>> when_idle_;                          // no turn in flight, and none will begin
  Ended ended_;
  std::shared_ptr<Term> term_;
  core::Epoch tried_;
  std::once_flag closed_;

  // Set once, and read from any thread after that.
  std::optional<core::Error> halted_error_;
  std::atomic<bool> halted_ = false;
  std::atomic<std::size_t> bus_commands_waiting_ = 0;
};

}  // namespace processors
