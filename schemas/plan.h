// The plan blob of a quote: what the events leave out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/batch/commands.h"
#include "core/result.h"

namespace schemas {

struct PlanDocument {
  std::string metadata;  // the manifest's, as JSON; empty: none
  std::vector<core::batch::PlannedUnit> units;
};

std::string encode_plan(const PlanDocument& plan);
// Errors: blob_corrupt.
core::Result<PlanDocument> decode_plan(std::string_view text);

}  // namespace schemas
