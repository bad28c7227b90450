// A batch as JSON: `status` and `state` in the words of the product's two documents, and what both show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/app.h"
#include "core/batch/state.h"

namespace api {

struct BatchDetails {
  std::vector<core::batch::Unit> units;  // the first few
  std::string metadata;                  // JSON object; empty: none
  std::string billing_receipt;           // JSON object; empty: not asked for, or not final
  std::string route_version;             // of the price book that its quote was made with; empty: not loaded
};

std::string render_batch(const App& app, const core::batch::Batch& batch, const BatchDetails& details = {});

// How far it is: for who watches it.
std::string render_batch_progress(const core::batch::Batch& batch);

// As it was answered when it was submitted, for replays of that request.
core::batch::Batch as_accepted(core::batch::Batch batch);

// "canceled" for cancelled; otherwise the status.
std::string_view state_word(core::batch::Phase phase);
std::string_view unit_word(core::batch::UnitPhase phase);

}  // namespace api
