#pragma once

#include <string_view>

#include "core/ids.h"
#include "core/money.h"

namespace core::ledger {

enum class TransferKind { top_up, grant, reserve, capture, release, refund, adjustment, provider_charge };
std::string_view to_string(TransferKind kind);

// Moves an amount from one account to another: the only way that money moves.
struct TransferPosted final {
  TransferId transfer;  // made from what caused it: the same cause never posts twice
  TransferKind kind = TransferKind::grant;
  OrgId org;
  AccountId debit;              // loses
  AccountId credit;             // gains
  Money amount;                 // above zero
  BatchId batch;                // empty when no batch caused it
  std::string reason = {};      // of what an operator did by hand
  std::string ordered_by = {};  // the operator
};

}  // namespace core::ledger
