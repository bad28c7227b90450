#include <algorithm>
#include <limits>

#include "core/identity/rules.h"
#include "core/invariant.h"
#include "core/ledger/rules.h"
#include "core/mutant.h"

namespace core::ledger {

namespace {

Error made_otherwise() {
  return {ErrorCode::idempotency_conflict, "this was posted before under the same id, with another amount", "amount"};
}

// One transfer, the same for the same id.
Result<Decision> post_once(const State& state, TransferPosted transfer) {
  std::string subject = transfer.transfer.value();
  if (const Posted* posted = state.find<Posted>({transfer.transfer})) {
    if (posted->amount != transfer.amount) return made_otherwise();
    return Decision{{}, std::move(subject), true};
  }
  if (!checked_add(balance(state, transfer.credit), transfer.amount) ||
      !checked_subtract(balance(state, transfer.debit), transfer.amount))
    return Error{ErrorCode::amount_out_of_range, "the balance would be too large", "amount"};
  return Decision{{std::move(transfer)}, std::move(subject)};
}

TransferPosted adjustment(const AdjustCredits& command, bool gains) {
  const std::string direction = gains ? "/credit/" : "/debit/";
  TransferPosted transfer;
  transfer.transfer = TransferId("adjustment/" + command.org.value() + direction + command.adjustment);
  transfer.kind = TransferKind::adjustment;
  transfer.org = command.org;
  transfer.debit = gains ? adjustments() : available(command.org);
  transfer.credit = gains ? available(command.org) : adjustments();
  transfer.amount = command.amount > Money{} ? command.amount : Money{} - command.amount;
  transfer.reason = command.reason;
  transfer.ordered_by = command.ordered_by;
  return transfer;
}

Money owed(const State& state, const OrgId& org) {
  const Book* book = state.find<Book>({org});
  return book == nullptr ? Money{} : book->owed;
}

}  // namespace

TransferPosted grant(const OrgId& org, const std::string& cause, Money amount) {
  return {TransferId("grant/" + org.value() + "/" + cause),
          TransferKind::grant,
          org,
          promotions(),
          available(org),
          amount,
          BatchId{}};
}

Result<TransferPosted> reserve(const State& state, const OrgId& org, const BatchId& batch, Money amount) {
  if (balance(state, available(org)) < amount && !MUTANT(2))
    return Error{ErrorCode::insufficient_credits, "the available credits do not cover the quoted total of " +
                                                      to_decimal(amount) + " USD; add credits, or quote fewer items"};
  return TransferPosted{
      TransferId("reserve/" + batch.value()), TransferKind::reserve, org, available(org), reserved(org), amount, batch};
}

Result<Events> settle(const State& state, const OrgId& org, const BatchId& batch, Money captured) {
  const Reservation* reservation = state.find<Reservation>({org, batch});
  const Money open = reservation == nullptr ? Money{} : reservation->open();
  if (captured < Money{} || captured > open)
    return Error{ErrorCode::amount_out_of_range, "a capture must lie within what is reserved"};
  Events events;
  if (captured > Money{})
    events.push_back(TransferPosted{TransferId("capture/" + batch.value()), TransferKind::capture, org, reserved(org),
                                    revenue(), captured, batch});
  if (open > captured)
    events.push_back(TransferPosted{TransferId("release/" + batch.value()), TransferKind::release, org, reserved(org),
                                    available(org), open - captured, batch});
  for (Event& recovered : recover(state, org, batch.value(), open - captured)) events.push_back(std::move(recovered));
  return events;
}

TransferPosted top_up(const OrgId& org, const CheckoutId& checkout, Money amount) {
  return {TransferId("top_up/" + checkout.value()),
          TransferKind::top_up,
          org,
          funding(),
          available(org),
          amount,
          BatchId{}};
}

Events take_back(const State& state, const OrgId& org, TransferKind kind, const std::string& cause, Money amount) {
  const Money recovered = std::min(amount, balance(state, available(org)));
  Events events;
  if (recovered > Money{})
    events.push_back(TransferPosted{TransferId(cause), kind, org, available(org), funding(), recovered, BatchId{}});
  if (amount > recovered)
    events.push_back(TransferPosted{TransferId(cause + "/loss"), TransferKind::adjustment, org, losses(), funding(),
                                    amount - recovered, BatchId{}});
  return events;
}

Events give_back(const State& state, const OrgId& org, const std::string& cause, Money amount) {
  const Money forgiven = std::min(amount, owed(state, org));
  Events events;
  if (amount > forgiven)
    events.push_back(TransferPosted{TransferId(cause), TransferKind::adjustment, org, funding(), available(org),
                                    amount - forgiven, BatchId{}});
  if (forgiven > Money{})
    events.push_back(TransferPosted{TransferId(cause + "/loss"), TransferKind::adjustment, org, funding(), losses(),
                                    forgiven, BatchId{}});
  return events;
}

Events recover(const State& state, const OrgId& org, const std::string& cause, Money amount) {
  const Money recovered = std::min(amount, owed(state, org));
  if (recovered <= Money{}) return {};
  return {TransferPosted{TransferId("recovery/" + cause), TransferKind::adjustment, org, available(org), losses(),
                         recovered, BatchId{}}};
}

TransferPosted provider_charge(const OrgId& org, const BatchId& batch, const ProviderId& provider, Money amount) {
  INVARIANT(amount > Money{});
  return {TransferId("provider_charge/" + batch.value() + "/" + provider.value()),
          TransferKind::provider_charge,
          org,
          provider_cost(),
          payable(provider),
          amount,
          batch};
}

Money balance(const State& state, const AccountId& account) {
  const Account* found = state.find<Account>({account});
  return found == nullptr ? Money{} : found->balance;
}

Result<Decision> decide_one(const State& state, const Context&, const GrantCredits& command) {
  const identity::Org* org = state.find<identity::Org>({command.org});
  if (org == nullptr || org->erased_at) return identity::no_such_org();
  if (command.amount <= Money{}) return Error{ErrorCode::amount_out_of_range, "a grant must be above zero", "amount"};
  TransferPosted transfer = grant(command.org, command.grant, command.amount);
  transfer.reason = command.reason;
  transfer.ordered_by = command.ordered_by;
  return post_once(state, std::move(transfer));
}

// An erased org's too: the books stay.
Result<Decision> decide_one(const State& state, const Context&, const AdjustCredits& command) {
  if (state.find<identity::Org>({command.org}) == nullptr) return identity::no_such_org();
  if (command.amount == Money{} || command.amount == Money::from_nanos(std::numeric_limits<std::int64_t>::min()))
    return Error{ErrorCode::amount_out_of_range, "an adjustment must not be zero", "amount"};
  if (command.reason.empty() || command.ordered_by.empty())
    return Error{ErrorCode::invalid_request, "an adjustment needs a reason, and the name of who orders it", "reason"};
  const bool gains = command.amount > Money{};
  TransferPosted transfer = adjustment(command, gains);
  if (state.find<Posted>({adjustment(command, !gains).transfer}) != nullptr) return made_otherwise();
  if (!gains && state.find<Posted>({transfer.transfer}) == nullptr && balance(state, transfer.debit) < transfer.amount)
    return Error{ErrorCode::insufficient_credits, "the available credits are less than what would be taken", "amount"};
  return post_once(state, std::move(transfer));
}

}  // namespace core::ledger
