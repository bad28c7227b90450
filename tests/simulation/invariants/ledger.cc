// Money: 2 (no overdraft), 4 (integers, rounded once), 10 (bounds of reservations), 11 (never above the quote), 23 (an
// org's stream is its own).
#include "core/overloaded.h"
#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/oracle.h"

namespace simulation {

namespace {

using core::ledger::TransferKind;

constexpr std::int64_t nanos_max = 1'000'000'000'000'000;  // a million dollars: nobody here has so much

void check_settlement(Oracle& oracle, const Model& model, const core::ledger::TransferPosted& transfer) {
  const auto found = model.batches.find(transfer.batch);
  if (found == model.batches.end()) return oracle.fail(10, "money moves for a batch that nobody knows");
  const Model::Batch& batch = found->second;
  if (batch.captured + batch.released + transfer.amount > batch.reserved)
    return oracle.fail(10, "more of " + transfer.batch.value() + " is captured and released than was reserved");
  if (transfer.kind != TransferKind::capture) return;
  if (transfer.amount > batch.accepted.plan.total)
    return oracle.fail(11, transfer.batch.value() + " is charged above its quote");
  // The units' last reports are in the log before the capture.
  if (transfer.amount != batch.progress().charged)
    oracle.fail(4, transfer.batch.value() + " is charged " + core::to_decimal(transfer.amount) +
                       ", and its items come to " + core::to_decimal(batch.progress().charged));
}

}  // namespace

void check_ledger(Oracle& oracle, const Model& model, const Seen& seen) {
  const auto* transfer = std::get_if<core::ledger::TransferPosted>(&seen.event);
  if (transfer == nullptr) return;
  const std::string name = std::string(to_string(transfer->kind)) + " " + transfer->transfer.value();
  if (transfer->amount <= core::Money{} || transfer->amount.nanos() > nanos_max)
    return oracle.fail(4, name + " moves " + core::to_decimal(transfer->amount));
  if (model.transfers.contains(transfer->transfer))
    return oracle.fail(transfer->kind == TransferKind::top_up ? 5 : 18, name + " was posted before");
  if (core::ledger::owned_by_customer(transfer->debit) && model.balance(transfer->debit) < transfer->amount)
    return oracle.fail(2, name + " takes more than " + transfer->debit.value() + " has");
  if (transfer->kind == TransferKind::capture || transfer->kind == TransferKind::release)
    check_settlement(oracle, model, *transfer);
}

core::OrgId org_of(const core::Event& event) {
  return std::visit(
      [](const auto& one) -> core::OrgId {
        if constexpr (requires { one.org; })
          return one.org;
        else
          return {};
      },
      event);
}

}  // namespace simulation
