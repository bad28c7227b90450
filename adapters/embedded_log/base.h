// Where a log begins whose oldest segments were removed: a small file, `base`, beside the segments.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "adapters/embedded_log/segment.h"
#include "core/ids.h"
#include "core/result.h"

namespace adapters::embedded_log {

// Segments before `segment` are no part of the log, whether they are still there or not.
struct Base {
  struct Before {
    core::Offset first;  // the oldest that is kept; the first of the partition that is in `segment` or behind it
    core::Epoch newest;  // that its records had when this was written
  };

  FirstSequence segment = 0;
  std::map<core::Partition, Before> partitions;  // those with records that are gone
};

// The beginning of everything where there is no file. Errors: log_corrupt, storage_failed.
core::Result<Base> read_base(Disk& disk, const std::filesystem::path& directory);

// The segments that are part of the log, in order. Errors: as read_base().
core::Result<std::vector<FirstSequence>> list_kept_segments(Disk& disk, const std::filesystem::path& directory);

// Whole and durable, or as it was before.
core::Result<void> write_base(Disk& disk, const std::filesystem::path& directory, const Base& base);

}  // namespace adapters::embedded_log
