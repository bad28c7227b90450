// Which partitions this process owns, where processes share them.
#pragma once

#include <functional>
#include <vector>

#include "core/ids.h"
#include "core/result.h"

namespace processors {

// Calls come one at a time, from a thread of the ownership's, which may wait for `suspended`.
class OwnershipListener {
 public:
  virtual ~OwnershipListener() = default;
  // The partitions are being distributed anew: begin no further turn, end those in flight, then call `suspended`.
  // Followed by assigned().
  virtual void suspend(std::function<void()> suspended) = 0;
  // All that are owned from now on: those that are not named any more belong to others.
  virtual void assigned(std::vector<core::Partition> partitions) = 0;
  // Contact was lost, and others may own everything by now: begin no turn until assigned().
  virtual void lost() = 0;
};

// Epochs, not this, keep two owners apart: an answer of this may be late.
class Ownership {
 public:
  virtual ~Ownership() = default;
  // `listener` must outlive stop(). Errors: unavailable, configuration_invalid.
  virtual core::Result<void> start(OwnershipListener& listener) = 0;
  // Gives everything up, after one last suspend(). Idempotent.
  virtual void stop() = 0;
};

}  // namespace processors
