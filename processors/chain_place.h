#pragma once

#include "core/result.h"
#include "processors/fold.h"  // unknown_chain
#include "processors/ports/journal.h"
#include "schemas/manifests.h"

namespace processors {

// Before the first record of a partition.
schemas::ChainPlace chain_beginning();

// Moves `place` behind the record. False: the record counts for nobody, and the place stays. Errors: log_corrupt (the
// chain is broken); the place stays.
core::Result<bool> follow(schemas::ChainPlace& place, const JournalRecord& record);

}  // namespace processors
