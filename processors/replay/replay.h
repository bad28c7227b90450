// Rebuilds state from a journal, with the fold that the service itself recovers by.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/journal.h"
#include "processors/ports/state_store.h"
#include "schemas/position_codec.h"

namespace processors {

struct ReplaySettings {
  std::vector<core::Partition> partitions;
  std::size_t threads = 2;
  // Up to the first record that counts and has a later log time.
  std::optional<core::Timestamp> until = {};
  // Of some partitions: up to this record, which is not taken. It must be there, or be the next one.
  std::map<core::Partition, core::Offset> ends = {};
};

struct ReplayProgress {
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of the records, as frames
};

struct ReplayedPartition {
  core::Partition partition;
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  schemas::Position position;
};

// Called now and then, by one thread at a time. False: the replay ends with `unavailable`.
using ReplayReport = std::function<bool(const ReplayProgress&)>;

using VisitAll = std::function<bool(core::Partition, const StoredRecord&)>;
// Hands out all records of all partitions; each partition's in order and from its first one on.
using ReadAll = std::function<core::Result<void>(const VisitAll&)>;

// Folds into a store on from where it stands: an empty one from the beginning. Partitions are apart, each is folded by
// one thread; they are answered in the order of the settings.
// Memory: the rows of some ten thousand events for each thread, and a record. Errors: those of Fold and of the journal;
// invalid_request (an end behind the end of the journal, or before where the store stands).
core::Result<std::vector<ReplayedPartition>> replay(JournalReader& journal, StateStore& store,
                                                    const ReplaySettings& settings, const ReplayReport& report);

// The same into an empty store from a log that has the records of all partitions in one sequence: each reading is done
// by one thread, once, which folds its share of the partitions.
core::Result<std::vector<ReplayedPartition>> replay(const std::vector<ReadAll>& readings, StateStore& store,
                                                    const ReplaySettings& settings, const ReplayReport& report);

}  // namespace processors
