#pragma once

#include "core/decide.h"

namespace core::ledger {

// Transfers, each with the id that its cause gives it. The checks are in the names that return a Result.
TransferPosted grant(const OrgId& org, const std::string& cause, Money amount);
Result<TransferPosted> reserve(const State& state, const OrgId& org, const BatchId& batch, Money amount);
// Splits the open reservation of a batch: `captured` is charged, the rest returns. Amounts of zero post nothing.
Result<Events> settle(const State& state, const OrgId& org, const BatchId& batch, Money captured);
TransferPosted top_up(const OrgId& org, const CheckoutId& checkout, Money amount);
// Takes back what was paid in: from the available credits as far as they go, the rest is the platform's loss.
// `kind`: refund or adjustment.
Events take_back(const State& state, const OrgId& org, TransferKind kind, const std::string& cause, Money amount);
// The reverse of take_back: what is owed of it is forgiven first, the rest goes back to the available credits.
Events give_back(const State& state, const OrgId& org, const std::string& cause, Money amount);
// Credits of this amount became available, by the events before these: what is owed is taken out of them.
Events recover(const State& state, const OrgId& org, const std::string& cause, Money amount);
TransferPosted provider_charge(const OrgId& org, const BatchId& batch, const ProviderId& provider, Money amount);

Money balance(const State& state, const AccountId& account);

Result<Decision> decide_one(const State& state, const Context& context, const GrantCredits& command);
Result<Decision> decide_one(const State& state, const Context& context, const AdjustCredits& command);

Result<void> apply_one(State& state, Timestamp time, const TransferPosted& event);

}  // namespace core::ledger
