// From what a lane answered to what the customer gets and pays.
#pragma once

#include <optional>

#include "core/quote/state.h"
#include "processors/ports/lane.h"
#include "schemas/result_row.h"
#include "schemas/work_item.h"

namespace processors {

// nullopt when the answer settles nothing: the item is asked again on another attempt.
std::optional<schemas::ItemResult> result_of(const schemas::WorkItem& work, const LaneAnswer& answer,
                                             const core::quote::Route& route, core::AttemptNumber attempt,
                                             bool simulated);

// For an item that will not be asked (again): outcome exhausted, cancelled or expired. Costs nothing.
schemas::ItemResult result_without_answer(const schemas::WorkItem& work, schemas::ItemOutcome outcome,
                                          core::AttemptNumber attempt);

}  // namespace processors
