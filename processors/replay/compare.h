// Two states of a partition: where they differ, and which event wrote a row.
#pragma once

#include <optional>
#include <string>

#include "core/ids.h"
#include "core/result.h"
#include "processors/ports/journal.h"
#include "processors/ports/state_store.h"
#include "schemas/journal_codec.h"

namespace processors {

struct RowDifference {
  std::string key;
  std::optional<std::string> left;  // absent: there is no such row
  std::optional<std::string> right;
};

// Of two states that stay as they are: the first key, in order, at which they differ. Memory: a page of rows.
// Errors: those of the stores.
core::Result<std::optional<RowDifference>> first_difference(const StateStore& left, const StateStore& right,
                                                            core::Partition partition);

struct WritingEvent {
  core::Offset offset;
  std::size_t index = 0;  // in the record
  core::Timestamp time;
  schemas::RecordedEvent event;
  std::optional<std::string> value;  // of the row behind it; absent: it was deleted
};

// The last event before `until` that changed a row, found by folding the partition from its beginning into `scratch`,
// which must have none of it. Nothing: no event did. Errors: those of Fold and of the journal.
core::Result<std::optional<WritingEvent>> find_writer(JournalReader& journal, StateStore& scratch,
                                                      core::Partition partition, core::Offset until,
                                                      const std::string& key);

}  // namespace processors
