// An attempt's items as the lines of a provider batch. Pure functions, with one outcome for one attempt.
#pragma once

#include <cstddef>
#include <vector>

#include "adapters/providers/wire.h"
#include "core/catalog.h"
#include "processors/ports/lane.h"

namespace adapters::providers {

struct BatchLines {
  core::Operation dialect = core::Operation::responses;
  std::vector<BatchLine> lines;                 // the canary among them
  std::vector<processors::LaneAnswer> refused;  // items that cannot be asked in this dialect
};

// The dialect of a whole batch, as some protocols have one for all of it: that of the items, Chat Completions where
// they differ.
core::Operation batch_dialect(const processors::Attempt& attempt, const Wire& wire);

BatchLines write_batch_lines(const processors::Attempt& attempt, const Wire& wire, std::size_t canary_items_min);

}  // namespace adapters::providers
