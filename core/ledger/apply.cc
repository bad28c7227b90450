#include <algorithm>

#include "core/ledger/rules.h"
#include "core/mutant.h"

namespace core::ledger {

namespace {

Result<void> move_balance(State& state, const AccountId& id, std::optional<Money> balance) {
  if (!balance) return Error{ErrorCode::malformed_event, "a balance that does not fit"};
  if (owned_by_customer(id) && *balance < Money{} && !MUTANT(2))
    return Error{ErrorCode::malformed_event, "a transfer that overdraws " + id.value()};
  state.put(Account{id, *balance});
  return {};
}

Result<void> apply_to_reservation(State& state, Timestamp time, const TransferPosted& event) {
  const Reservation* found = state.find<Reservation>({event.org, event.batch});
  if (event.kind == TransferKind::reserve) {
    if (found != nullptr) return Error{ErrorCode::malformed_event, "a second reservation for one batch"};
    Reservation reservation;
    reservation.org = event.org;
    reservation.batch = event.batch;
    reservation.amount = event.amount;
    reservation.created_at = time;
    state.put(std::move(reservation));
    return {};
  }
  if (found == nullptr || event.amount > found->open())
    return Error{ErrorCode::malformed_event, "a reservation resolved beyond its amount"};
  if (event.kind == TransferKind::release && MUTANT(10)) return {};
  Reservation reservation = *found;
  (event.kind == TransferKind::capture ? reservation.captured : reservation.released) =
      (event.kind == TransferKind::capture ? reservation.captured : reservation.released) + event.amount;
  state.put(std::move(reservation));
  return {};
}

// What a transfer does to one account.
Money change_of(const AccountId& account, const TransferPosted& event) {
  if (event.credit == account) return event.amount;
  return event.debit == account ? Money{} - event.amount : Money{};
}

void add_to_totals(Book& book, const TransferPosted& event) {
  switch (event.kind) {
    case TransferKind::top_up: book.topped_up = book.topped_up + event.amount; break;
    case TransferKind::grant: book.granted = book.granted + event.amount; break;
    case TransferKind::capture: book.captured = book.captured + event.amount; break;
    case TransferKind::refund: book.refunded = book.refunded + event.amount; break;
    case TransferKind::reserve:
    case TransferKind::release:
    case TransferKind::adjustment:
    case TransferKind::provider_charge: break;
  }
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const TransferPosted& event) {
  if (state.find<Posted>({event.transfer}) != nullptr) return {};
  if (event.amount <= Money{} || event.debit == event.credit)
    return Error{ErrorCode::malformed_event, "a transfer that moves nothing"};
  state.put(Posted{event.transfer, event.amount});

  if (auto moved = move_balance(state, event.debit, checked_subtract(balance(state, event.debit), event.amount));
      moved.has_error())
    return moved;
  const Money gained = event.kind == TransferKind::release && MUTANT(1) ? Money{} : event.amount;
  if (auto moved = move_balance(state, event.credit, checked_add(balance(state, event.credit), gained));
      moved.has_error())
    return moved;

  if (event.kind == TransferKind::reserve || event.kind == TransferKind::capture ||
      event.kind == TransferKind::release) {
    if (auto resolved = apply_to_reservation(state, time, event); resolved.has_error()) return resolved;
  }
  const Book* found = state.find<Book>({event.org});
  Book book = found == nullptr ? Book{} : *found;
  book.org = event.org;
  if (event.debit == losses()) book.owed = book.owed + event.amount;
  if (event.credit == losses()) book.owed = book.owed - std::min(book.owed, event.amount);
  if (!owned_by_customer(event.debit) && !owned_by_customer(event.credit)) {
    if (event.debit == losses() || event.credit == losses()) state.put(std::move(book));
    return {};
  }
  ++book.entries;
  add_to_totals(book, event);
  Entry entry;
  entry.org = event.org;
  entry.sequence = book.entries;
  entry.transfer = event.transfer;
  entry.kind = event.kind;
  entry.amount = event.amount;
  entry.available_change = change_of(available(event.org), event);
  entry.reserved_change = change_of(reserved(event.org), event);
  entry.available_after = balance(state, available(event.org));
  entry.reserved_after = balance(state, reserved(event.org));
  entry.batch = event.batch;
  entry.at = time;
  state.put(std::move(book));
  state.put(std::move(entry));
  return {};
}

}  // namespace core::ledger
