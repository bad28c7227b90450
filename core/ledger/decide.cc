#include <algorithm>

#include "core/invariant.h"
#include "core/ledger/rules.h"

namespace core::ledger {

namespace {

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
  if (balance(state, available(org)) < amount)
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
  if (state.find<identity::Org>({command.org}) == nullptr)
    return Error{ErrorCode::not_found, "there is no such organisation", "org"};
  if (command.amount <= Money{}) return Error{ErrorCode::amount_out_of_range, "a grant must be above zero", "amount"};
  TransferPosted transfer = grant(command.org, command.grant, command.amount);
  if (const Posted* posted = state.find<Posted>({transfer.transfer})) {
    if (posted->amount != command.amount)
      return Error{ErrorCode::idempotency_conflict, "this grant was made before with another amount", "amount"};
    return Decision{{}, transfer.transfer.value(), true};
  }
  if (!checked_add(balance(state, transfer.credit), command.amount) ||
      !checked_subtract(balance(state, transfer.debit), command.amount))
    return Error{ErrorCode::amount_out_of_range, "the balance would be too large", "amount"};
  std::string subject = transfer.transfer.value();
  return Decision{{std::move(transfer)}, std::move(subject)};
}

}  // namespace core::ledger
