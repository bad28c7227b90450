// Another state, with which the one that a journal gives is compared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "ops/brctl/run.h"
#include "ops/brctl/scratch_state.h"
#include "ops/brctl/source.h"
#include "processors/ports/state_store.h"
#include "processors/replay/replay.h"

namespace ops::brctl {

class Comparison {
 public:
  // The service's state on disk, or a snapshot if one is named. Says in `settings` which partitions are to be replayed,
  // and up to where. Errors: storage_failed (no state, none of this row format), log_corrupt (the snapshot is not what
  // its manifest says), blob_not_found, invalid_request.
  static core::Result<Comparison> begin(const Config& config, Source& source, const std::string& snapshot,
                                        processors::ReplaySettings& settings);

  // Prints what differs from what was replayed into `replayed`, and sets the exit code. `replayed` is used up by
  // looking for the event that wrote a row.
  void print(Console& console, bool as_json, processors::StateStore& replayed);

 private:
  struct Compared {
    core::Partition partition;
    core::Offset next;
    core::Digest digest;  // of the other state
  };

  explicit Comparison(Source& source) : source_(source) {}

  core::Result<void> open_live(const Config& config, processors::ReplaySettings& settings);
  core::Result<void> open_snapshot(const std::string& name, processors::ReplaySettings& settings);
  core::Result<void> print_difference(Console& console, bool as_json, const Compared& compared,
                                      processors::StateStore& replayed) const;

  Source& source_;
  std::string name_;                      // of the other state, for people
  std::optional<ScratchState> snapshot_;  // that a snapshot was loaded into
  std::unique_ptr<processors::StateStore> live_;
  const processors::StateStore* other_ = nullptr;
  std::vector<Compared> compared_;
};

}  // namespace ops::brctl
