#pragma once

#include <atomic>
#include <memory>

#include "core/ids.h"

namespace processors {

// A stretch of time for which this process owns a partition: from the record that opened it until the journal is lost
// to another owner, or out of reach. Who carries out effects of it stops when it has ended: they are the next owner's.
//
// Threading: any thread.
struct Term {
  Term(core::Partition of, core::Epoch with) : partition(of), epoch(with) {}

  const core::Partition partition;
  const core::Epoch epoch;
  std::atomic<bool> ended = false;
};
using TermPointer = std::shared_ptr<const Term>;

}  // namespace processors
