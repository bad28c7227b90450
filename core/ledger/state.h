#pragma once

#include <cstdint>
#include <tuple>

#include "core/ids.h"
#include "core/ledger/events.h"
#include "core/money.h"
#include "core/time.h"

namespace core::ledger {

// Accounts of customers never go below zero; the platform's may: they are the other side of the books. A platform
// account has one row in each partition; its balance is the sum over them.
struct Account {
  using Key = std::tuple<AccountId>;
  Key key() const { return {id}; }

  AccountId id;
  Money balance;
};

// A two-phase transfer: captured + released = amount, resolved exactly once.
struct Reservation {
  using Key = std::tuple<OrgId, BatchId>;
  Key key() const { return {org, batch}; }

  OrgId org;
  BatchId batch;
  Money amount;
  Money captured;
  Money released;
  Timestamp created_at;

  Money open() const { return amount - captured - released; }
};

// One line of an org's account statement.
struct Entry {
  using Key = std::tuple<OrgId, std::uint64_t>;
  Key key() const { return {org, sequence}; }

  OrgId org;
  std::uint64_t sequence = 0;  // from 1, without gaps
  TransferId transfer;
  TransferKind kind = TransferKind::grant;
  Money amount;  // above zero
  Money available_change;
  Money reserved_change;
  Money available_after;
  Money reserved_after;
  BatchId batch;
  Timestamp at;
};

// Totals of an org since its beginning.
struct Book {
  using Key = std::tuple<OrgId>;
  Key key() const { return {org}; }

  OrgId org;
  std::uint64_t entries = 0;
  Money granted;
  Money topped_up;
  Money captured;
  Money refunded;
  Money owed;  // of payments that were taken back, beyond what was available; made good by what becomes available
};

// Transfers that were posted: what makes posting idempotent.
struct Posted {
  using Key = std::tuple<TransferId>;
  Key key() const { return {transfer}; }

  TransferId transfer;
  Money amount;
};

AccountId available(const OrgId& org);
AccountId reserved(const OrgId& org);
AccountId funding();
AccountId promotions();
AccountId revenue();
AccountId adjustments();  // the other side of corrections by hand
AccountId losses();       // refunds and disputes of credits that were spent already
AccountId provider_cost();
AccountId payable(const ProviderId& provider);

bool owned_by_customer(const AccountId& account);

}  // namespace core::ledger
