// What must hold at each event, said against the model as it was before it. One file for each part of the list in
// tests/simulation/invariants.cc.
#pragma once

#include <span>

#include "tests/simulation/model.h"

namespace simulation {

class Oracle;

// The events of one command, in order.
using Group = std::span<const schemas::RecordedEvent>;

void check_ledger(Oracle& oracle, const Model& model, const Seen& seen);
void check_quotes(Oracle& oracle, const Model& model, const Seen& seen);
void check_batches(Oracle& oracle, const Model& model, const Seen& seen);
void check_payments(Oracle& oracle, const Model& model, const Seen& seen);
void check_deliveries(Oracle& oracle, const Model& model, const Seen& seen);
// What stands together or not at all.
void check_group(Oracle& oracle, const Model& model, Group group);

// What an event of the log names as its org; empty: none.
core::OrgId org_of(const core::Event& event);

}  // namespace simulation
