#pragma once

#include "core/ids.h"
#include "core/money.h"

namespace core::ledger {

// Credits given by the operator. `grant` makes the transfer's id: the same grant is posted once.
struct GrantCredits {
  OrgId org;
  std::string grant;
  Money amount;
  std::string reason = {};      // of grants by hand
  std::string ordered_by = {};  // the operator
};

// Corrects a balance by hand. `adjustment` makes the transfer's id: the same adjustment is posted once.
struct AdjustCredits {
  OrgId org;
  std::string adjustment;
  Money amount;  // above zero: the org gains
  std::string reason;
  std::string ordered_by;  // the operator
};

}  // namespace core::ledger
