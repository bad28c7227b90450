#pragma once

#include "core/ids.h"
#include "core/money.h"

namespace core::ledger {

// Credits given by the operator. `grant` makes the transfer's id: the same grant is posted once.
struct GrantCredits {
  OrgId org;
  std::string grant;
  Money amount;
};

}  // namespace core::ledger
