// What is in the segment files when the log is opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "adapters/embedded_log/partition_log.h"
#include "adapters/embedded_log/segment.h"
#include "adapters/files/disk.h"
#include "core/ids.h"
#include "core/result.h"

namespace adapters::embedded_log {

struct Recovered {
  std::map<core::Partition, PartitionLog> partitions;
  std::uint64_t records = 0;
  std::optional<Place> end;           // after the last record; nothing in an empty directory
  std::uint64_t last_write = 0;       // where the last write before the end began, in the same segment
  std::uint64_t torn_tail_bytes = 0;  // between the end and the last byte that is not zero
};

// Reads and checks every frame of every segment that the base has not left behind; changes nothing.
//
// A frame that does not hold is a torn tail when it lies in the last segment and nothing behind it was written after it
// had become durable: a group of records whose write did not finish and which nobody was told of. Anywhere else it is
// damage, and log_corrupt names it. Damage inside the very last group cannot be told from a torn tail.
// Requires that nobody writes. Errors: log_corrupt (naming file and position), storage_failed.
core::Result<Recovered> recover(Disk& disk, const std::filesystem::path& directory);

}  // namespace adapters::embedded_log
