#pragma once

#include "core/effect.h"

namespace processors {

// Carries effects out. Called on the strand of the effect's partition: it must not block.
class EffectRunner {
 public:
  virtual ~EffectRunner() = default;
  virtual void start(const core::AggregateKey& origin, const core::Effect& effect) = 0;
};

}  // namespace processors
