// What a node does for its partitions beside serving them: snapshots of state, and an archive of old records that the
// log need not keep.
//
// Nothing is trimmed that is not in the archive, verified by reading it, and below a snapshot that was verified
// likewise.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/signer.h"
#include "processors/ports/state_store.h"

namespace processors {

// Threading: run() on one thread, stop() from any. Lifetime: what it is given outlives it.
// Failure:   what fails is logged and counted, and tried again by the next run.
// Metrics:   batchrouter_snapshots_taken_total, batchrouter_archived_records_total, batchrouter_upkeep_failures_total
class Upkeep {
 public:
  struct Settings {
    std::uint32_t partition_count = 16;
    core::Duration snapshot_interval{0};        // zero: no snapshots but those that trimming needs
    std::int64_t snapshot_records_min = 1'000;  // a partition that moved less needs no new one
    bool archive = false;
    core::Duration retention{0};  // zero: records stay in the log for ever
    // A chunk of the archive has a day's records or more.
    core::Duration archive_span = std::chrono::hours(24);
    core::Duration archive_interval = std::chrono::hours(1);
  };
  struct Environment {
    const StateStore& store;
    Journal& journal;
    BlobStore& blobs;
    const Signer& signer;
    std::function<bool(core::Partition)> served;
    std::function<core::Timestamp()> now;
    Metrics& metrics;
    Log& log;
  };

  Upkeep(Settings settings, Environment environment);

  // Does what is due; a minute later it may be called again.
  void run();
  // A run that goes on ends with the partition it is at.
  void stop() { stopping_ = true; }

 private:
  core::Result<void> look_after(core::Partition partition, bool archive);
  core::Result<void> trim(core::Partition partition, core::Offset archived);
  core::Result<void> take(core::Partition partition);
  core::Result<core::Offset> position_of(core::Partition partition) const;

  const Settings settings_;
  const Environment environment_;
  std::atomic<bool> stopping_ = false;
  std::optional<core::Timestamp> archived_at_;
  std::map<core::Partition, core::Offset> trimmed_;  // up to where the archive was made use of
};

}  // namespace processors
