// The partitions of this process, behind one door.
//
// Each partition that is owned is opened (recovered from the journal and taken over), served, and given back when the
// ownership says so. A term that ends by itself, because the journal was out of reach or another owner came, is begun
// anew after a pause, as long as the partition is owned; what is damaged stays halted and says why.
//
// Threading: any thread. Terms begin and end on a strand of the executor; what blocks runs on `blocking`.
// Lifetime:  what the constructor borrows must outlive stop() and the executors' last work.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processors/command_bus.h"
#include "processors/partition_loop.h"
#include "processors/ports/log.h"
#include "processors/ports/node_directory.h"
#include "processors/ports/ownership.h"
#include "processors/state_reader.h"

namespace processors {

class Node final : public CommandBus, public PartitionHealth, public OwnershipListener {
 public:
  struct Settings {
    std::uint32_t partition_count = 16;
    std::string instance;
    core::Policy policy;
    std::function<core::Timestamp()> now;
    // Optional, see PartitionLoop.
    std::function<void(core::Partition, core::Offset next)> confirmed = {};
    // Optional: a partition begins or ceases to be served by this process. On the node's strand.
    std::function<void(core::Partition, bool)> served = {};
  };

  struct Environment {
    Journal& journal;
    StateStore& store;
    EffectRunner& effects;
    Metrics& metrics;
    Log& log;
    NodeDirectory* directory = nullptr;  // where this process is not alone
    CommandSource* commands = nullptr;   // where there is a bus to send commands over
    JournalReader* history = nullptr;    // these two as in PartitionLoop
    const SnapshotRestore* snapshots = nullptr;
  };

  Node(boost::asio::any_io_executor executor, boost::asio::any_io_executor blocking, Settings settings,
       Environment environment);

  void suspend(std::function<void()> suspended) override;
  void assigned(std::vector<core::Partition> partitions) override;
  void lost() override;
  // Where this process is alone.
  void own_all();

  // Calls back, once, when partitions were assigned and each of them is served or halted.
  void when_settled(std::function<void()> settled);
  // Gives every partition back, then calls `stopped`.
  void stop(std::function<void()> stopped);

  void submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) override;

  // The base URL of the node to ask instead of this one; nothing when that is this one or not known.
  std::optional<std::string> elsewhere(core::Partition partition) const;

  // A partition can be read from its first term on until it is assigned away, even while the journal is out of reach.
  std::optional<core::Error> halted(core::Partition partition) const override;
  // Of the partitions that should be served here and are not: number and reason.
  std::vector<std::pair<core::Partition, core::Error>> halted() const;

 private:
  // idle -> opening -> serving -> closing -> idle, and closing -> pausing | halted -> idle
  enum class Phase { idle, opening, serving, closing, pausing, halted };

  struct Slot {
    explicit Slot(core::Partition number) : partition(number) {}

    const core::Partition partition;
    std::atomic<bool> owned = false;
    std::atomic<bool> wanted = false;  // owned, and this process goes on
    std::atomic<bool> readable = false;
    std::atomic<std::shared_ptr<PartitionLoop>> loop;              // while it is served
    std::atomic<std::shared_ptr<const core::Error>> unserved_for;  // null while it is served
    std::atomic<core::Epoch> epoch;                                // of the newest term here

    // On the strand.
    Phase phase = Phase::idle;
    std::shared_ptr<PartitionLoop> term;  // opening, serving or closing
    std::optional<core::Error> ended;     // why it did, by itself
    int failures = 0;
    std::optional<std::chrono::steady_clock::time_point> opened_at;  // of the newest term that could be opened
    core::Epoch tried;
    std::unique_ptr<boost::asio::steady_timer> timer;
  };

  void proceed(Slot& slot);
  void open(Slot& slot);
  void opened(Slot& slot, core::Result<void> recovered);
  void end(Slot& slot);
  void give_back(Slot& slot);
  void closed(Slot& slot);
  void pause(Slot& slot);
  void halt(Slot& slot);
  void check_settled();
  void report();

  const Settings settings_;
  Environment environment_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::any_io_executor blocking_;
  std::vector<std::unique_ptr<Slot>> slots_;

  std::atomic<bool> distributed_ = false;

  // On the strand.
  bool suspended_ = false;
  bool stopping_ = false;
  std::function<void()> settled_;
  std::function<void()> stopped_;
};

}  // namespace processors
