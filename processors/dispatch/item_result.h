// From what a lane answered to what the customer gets and pays.
#pragma once

#include <optional>
#include <string>

#include "core/quote/state.h"
#include "processors/ports/lane.h"
#include "schemas/dialect/output_check.h"
#include "schemas/result_row.h"
#include "schemas/work_item.h"

namespace processors {

// The lane that answered, and what its work costs us now.
struct AnsweringLane {
  core::quote::RouteLane lane;
  bool simulated = false;
};

// nullopt when the answer settles nothing: the item is asked again on another attempt. The price is that of `route`,
// which was quoted, whatever the lane's.
std::optional<schemas::ItemResult> result_of(const schemas::WorkItem& work, const LaneAnswer& answer,
                                             const core::quote::Route& route, const AnsweringLane& lane,
                                             core::AttemptNumber attempt);

// Why a success does not count: empty_output, or what schemas::dialect::check_output says; nullopt: it does.
std::optional<std::string> fault_of_output(const schemas::ItemResult& result,
                                           const std::optional<schemas::dialect::OutputContract>& contract);
// The same answer as one that does not count, and the item is asked again.
schemas::ItemResult discarded(schemas::ItemResult result);
// The same answer as the end of the item: it was asked often enough.
schemas::ItemResult failed_verification(schemas::ItemResult result, const std::string& fault);

// For an item that equals the one with that result.
schemas::ItemResult result_of_equal(const schemas::WorkItem& work, const schemas::ItemResult& original);

// For an item that will not be asked (again): outcome exhausted, cancelled or expired. Costs nothing.
schemas::ItemResult result_without_answer(const schemas::WorkItem& work, schemas::ItemOutcome outcome,
                                          core::AttemptNumber attempt);

}  // namespace processors
