// What is known of one partition: how far it goes, who owns it, where its records begin.
#pragma once

#include <optional>
#include <vector>

#include "adapters/embedded_log/segment.h"
#include "core/ids.h"

namespace adapters::embedded_log {

// Records of a partition of which the first begins at a known place; the others follow it closely.
struct Stretch {
  Place begin;
  core::Offset first;
  core::Offset end;  // the offset after the last
};

// Threading: guarded by its owner. Memory: a place per index_step_bytes of log, not per record.
class PartitionLog {
 public:
  static constexpr std::uint64_t index_step_bytes = 1u << 20;

  PartitionLog() = default;
  // Of which records before `first` are gone, the newest of their epochs being `newest_epoch`.
  PartitionLog(core::Offset first, core::Epoch newest_epoch)
      : first_(first.value()), next_(first_), durable_end_(first_), newest_epoch_(newest_epoch) {}

  bool fences(core::Epoch epoch) const { return epoch < newest_epoch_; }

  // The offset of a new record, not durable yet. Requires an epoch that is not fenced.
  core::Offset assign(core::Epoch epoch);

  // A record is durable. Requires calls in the order of assign().
  void stored(Place place);

  core::Offset first() const { return core::Offset(first_); }              // the oldest that is kept
  core::Offset next() const { return core::Offset(next_); }                // that the next record will have
  core::Offset durable_end() const { return core::Offset(durable_end_); }  // after the last durable record
  core::Epoch newest_epoch() const { return newest_epoch_; }

  // The first durable record behind a segment; durable_end() where there is none.
  core::Offset first_behind(FirstSequence segment) const;
  // Forgets the records up to the end of a segment, which is about to be removed.
  void forget(FirstSequence segment);

  // Requires first() <= from < durable_end().
  Stretch stretch_with(core::Offset from) const;

 private:
  struct Entry {
    std::int64_t offset;
    Place place;
  };

  std::int64_t first_ = 0;
  std::int64_t next_ = 0;
  std::int64_t durable_end_ = 0;
  core::Epoch newest_epoch_;
  std::vector<Entry> entries_;  // the first record, and each one a step or a segment after the entry before it
};

}  // namespace adapters::embedded_log
