// The audit of a journal: partitions side by side, and one report.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/ids.h"
#include "processors/audit/checkpoints.h"
#include "processors/audit/finding.h"
#include "processors/audit/partition_audit.h"
#include "processors/ports/journal.h"
#include "schemas/audit_report.h"

namespace processors::audit {

// Whoever reads the journal hands its records over; two threads look at them, each at its own partitions.
//
// Threading: one thread calls. Memory: as PartitionAudit, and a few MiB that wait.
class Audit {
 public:
  // `partitions`: only these; empty: all.
  Audit(Options options, CheckpointFiles::ByPartition checkpoints, std::vector<core::Partition> partitions = {});
  ~Audit();

  // The next record of a partition. Waits while too many are waiting.
  void take(core::Partition partition, const StoredRecord& stored);
  // What whoever reads has found: bytes that do not hold.
  void found(Finding finding);

  std::uint64_t events() const { return events_; }  // so far

  // Ends the reading. Once. What was read is left for the caller to say.
  schemas::AuditReport finish();

 private:
  struct Item {
    core::Partition partition;
    StoredRecord stored;
  };
  // Records on their way to a thread. They are used again, with the memory that their texts have.
  struct Chunk {
    std::vector<Item> items;
    std::size_t count = 0;
    std::size_t bytes = 0;
  };
  struct Worker {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::unique_ptr<Chunk>> waiting;
    std::vector<std::unique_ptr<Chunk>> used;
    bool last = false;
    std::map<core::Partition, PartitionAudit> partitions;  // of the thread, until it has ended
    std::unique_ptr<Chunk> filling;                        // of the caller
    std::thread thread;
  };

  bool wanted(core::Partition partition) const;
  Worker& worker_of(core::Partition partition) { return workers_[partition.value() % workers_.size()]; }
  PartitionAudit& audit_of(Worker& worker, core::Partition partition);
  void hand_over(Worker& worker);
  void work(Worker& worker);
  void stop();
  void add(schemas::AuditReport& report, const PartitionAudit& partition) const;

  const Options options_;
  const std::vector<core::Partition> wanted_;
  std::map<core::Partition, std::vector<schemas::Checkpoint>> checkpoints_;  // never changed while threads run
  std::vector<Finding> findings_;                                            // that belong to no partition's reading
  std::atomic<std::uint64_t> events_ = 0;
  std::array<Worker, 2> workers_;
};

}  // namespace processors::audit
