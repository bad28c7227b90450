// What an org has to spend, and whether that is enough.
#pragma once

#include <string>

#include "api/app.h"
#include "core/ledger/state.h"

namespace api {

// Of one moment: totals and balances belong together.
struct Balance {
  core::ledger::Book totals;
  core::Money available;
  core::Money reserved;
};
// Errors: storage_failed, log_corrupt.
core::Result<Balance> read_balance(const processors::StateReader& reader, const core::OrgId& org);

// {"available", "reserved", "quote_total", "shortfall", "can_fund"}
std::string funding_preview_json(const Balance& balance, core::Money quote_total);
core::Result<std::string> funding_preview_json(const App& app, const core::OrgId& org, core::Money quote_total);

}  // namespace api
