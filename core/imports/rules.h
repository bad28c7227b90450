#pragma once

#include "core/decide.h"

namespace core::imports {

// Answers the import that has this content.
Result<Decision> decide_one(const State& state, const Context& context, const RecordImport& command);

Result<void> apply_one(State& state, Timestamp time, const ImportRecorded& event);

}  // namespace core::imports
