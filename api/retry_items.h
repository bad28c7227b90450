// The items of an ended batch that did not succeed, to be run again.
#pragma once

#include "api/app.h"
#include "core/batch/state.h"
#include "processors/intake/intake.h"

namespace api {

// Blocks on files. Errors: nothing_to_retry.
core::Result<processors::ReplannedItems> collect_retry_items(const App& app, const core::batch::Batch& batch);

// The same terms without the times that have passed.
core::quote::Terms retry_terms(core::quote::Terms terms);

}  // namespace api
