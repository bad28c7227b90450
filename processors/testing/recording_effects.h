#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "processors/partition_loop.h"

namespace processors::testing {

// Carries nothing out, and remembers what it was asked to.
class RecordingEffects final : public EffectRunner {
 public:
  void start(const TermPointer&, const core::AggregateKey&, const core::Effect& effect) override {
    started.push_back(core::key_of(effect));
  }

  std::vector<std::string> started;  // the effects' keys, in order
};

}  // namespace processors::testing
