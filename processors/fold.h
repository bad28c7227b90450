// The one fold of a partition's records into its rows: in recovery, in replays, and of an owner's own turns.
#pragma once

#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "processors/overlay.h"
#include "processors/ports/journal.h"
#include "processors/ports/state_store.h"
#include "schemas/journal_codec.h"
#include "schemas/position_codec.h"

namespace processors {

// Of a record that opens an epoch: its writer cannot know what will come before it. The next record's chain covers it.
extern const std::string unknown_chain;

// Threading: one thread at a time. Lifetime: the store outlives it.
// Memory:    rows that were changed and not written yet, and some that were read.
class Fold {
 public:
  Fold(StateStore& store, core::Partition partition);

  // Where the store stands. Before the first record when it is empty. Errors: storage_failed, log_corrupt.
  core::Result<void> load();

  // Takes the next record. False: it counts for nobody, being of a replaced owner. Errors, naming the place:
  // log_corrupt (the chain is broken, an epoch without an owner), malformed_event, storage_failed.
  core::Result<bool> take(const StoredRecord& stored);
  // The events of the record that was taken last; none when it counts for nobody.
  const std::vector<schemas::RecordedEvent>& events() const { return events_; }

  // Writes what has changed, with the position.
  core::Result<void> write();
  // Of how many events the changes are not written yet. From this many on they should be: a row that many of them
  // changed is written once.
  std::size_t events_unwritten() const { return events_unwritten_; }
  static constexpr std::size_t events_unwritten_max = 20'000;

  const schemas::Position& position() const { return position_; }

  // For an owner, who applies events as he decides them, to `state`, and then says which record they became.
  Overlay& state() { return overlay_; }
  void appended(core::Offset offset, const JournalRecord& record);

 private:
  core::Result<void> apply(const StoredRecord& stored, bool opens);

  StateStore& store_;
  const core::Partition partition_;
  Overlay overlay_;
  schemas::Position position_;
  std::vector<schemas::RecordedEvent> events_;
  std::size_t events_unwritten_ = 0;
};

}  // namespace processors
