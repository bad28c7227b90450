#include "adapters/embedded_log/partition_log.h"

#include <algorithm>
#include <iterator>

#include "core/invariant.h"

namespace adapters::embedded_log {

core::Offset PartitionLog::assign(core::Epoch epoch) {
  newest_epoch_ = std::max(newest_epoch_, epoch);
  return core::Offset(next_++);
}

void PartitionLog::stored(Place place) {
  INVARIANT(durable_end_ < next_);
  const bool close = !entries_.empty() && entries_.back().place.segment == place.segment &&
                     place.position - entries_.back().place.position < index_step_bytes;
  if (!close) entries_.push_back({durable_end_, place});
  ++durable_end_;
}

core::Offset PartitionLog::first_behind(FirstSequence segment) const {
  for (const Entry& entry : entries_) {
    if (entry.place.segment > segment) return core::Offset(entry.offset);
  }
  return core::Offset(durable_end_);
}

void PartitionLog::forget(FirstSequence segment) {
  first_ = first_behind(segment).value();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.place.segment <= segment; });
}

Stretch PartitionLog::stretch_with(core::Offset from) const {
  INVARIANT(from.value() >= first_);
  INVARIANT(from.value() < durable_end_);
  const auto after = std::ranges::upper_bound(entries_, from.value(), {}, &Entry::offset);
  const Entry& entry = *std::prev(after);
  return {.begin = entry.place,
          .first = core::Offset(entry.offset),
          .end = core::Offset(after == entries_.end() ? durable_end_ : after->offset)};
}

}  // namespace adapters::embedded_log
