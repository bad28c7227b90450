#pragma once

#include "core/effect.h"
#include "processors/term.h"

namespace processors {

// Carries effects out, until their term has ended. Called on the strand of the effect's partition: it must not block.
class EffectRunner {
 public:
  virtual ~EffectRunner() = default;
  virtual void start(const TermPointer& term, const core::AggregateKey& origin, const core::Effect& effect) = 0;
};

}  // namespace processors
