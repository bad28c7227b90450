// Which records of a partition's journal count: those of its owners, each from the first record of its epoch to the
// first of a newer one.
#pragma once

#include <string>
#include <utility>

#include "core/ids.h"

namespace processors {

// Given each record in order, says whether it counts. One rule for every fold: what one ignores, all ignore.
class OwnerHistory {
 public:
  enum class Verdict { counts, ignored };

  OwnerHistory() = default;
  // As it was after some record; nothing was read yet: epoch 0.
  OwnerHistory(core::Epoch epoch, std::string instance) : epoch_(epoch), instance_(std::move(instance)) {}

  // Ignored: a record of an owner that had been replaced, or of one that lost the race for its epoch.
  Verdict take(core::Epoch epoch, const std::string& instance) {
    if (epoch < epoch_ || (epoch == epoch_ && instance != instance_)) return Verdict::ignored;
    epoch_ = epoch;
    instance_ = instance;
    return Verdict::counts;
  }

  core::Epoch epoch() const { return epoch_; }
  const std::string& instance() const { return instance_; }

 private:
  core::Epoch epoch_;
  std::string instance_;
};

}  // namespace processors
