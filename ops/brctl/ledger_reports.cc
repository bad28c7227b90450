#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "api/json_text.h"
#include "core/ledger/state.h"
#include "ops/brctl/arguments.h"
#include "ops/brctl/ledger.h"
#include "ops/brctl/output.h"

namespace ops::brctl {

namespace {

using core::Money;
using core::ledger::TransferPosted;
using VisitTransfer = std::function<core::Result<void>(const processors::EventPlace&, const TransferPosted&)>;

constexpr std::string_view transfer_type = "ledger.transfer_posted";

core::Result<void> read_transfers(Console& console, const LedgerOptions& options, const VisitTransfer& visit) {
  const core::Result<Period> period = period_of(options);
  if (period.has_error()) return period.error();
  return read_ledger_events(console, options, {transfer_type}, period->to,
                            [&](const processors::EventPlace& place, const core::Event& event) -> core::Result<void> {
                              const auto* transfer = std::get_if<TransferPosted>(&event);
                              if (transfer == nullptr || !period->has(place.time)) return {};
                              if (!options.org.empty() && transfer->org.value() != options.org) return {};
                              return visit(place, *transfer);
                            });
}

struct Sums {
  Money debits;
  Money credits;
  bool overdrawn = false;  // at any time

  Money balance() const { return credits - debits; }
};
using Accounts = std::map<core::AccountId, Sums>;

// Errors: amount_out_of_range.
core::Result<void> add(Money& sum, Money amount) {
  const std::optional<Money> added = core::checked_add(sum, amount);
  if (!added)
    return core::Error{core::ErrorCode::amount_out_of_range, "more was posted to one account than a sum can hold"};
  sum = *added;
  return {};
}

core::Result<Accounts> sum_up(Console& console, const LedgerOptions& options) {
  Accounts accounts;
  const auto read =
      read_transfers(console, options, [&](const auto&, const TransferPosted& transfer) -> core::Result<void> {
        Sums& debited = accounts[transfer.debit];
        if (auto added = add(debited.debits, transfer.amount); added.has_error()) return added;
        if (core::ledger::owned_by_customer(transfer.debit) && debited.balance() < Money{}) debited.overdrawn = true;
        return add(accounts[transfer.credit].credits, transfer.amount);
      });
  if (read.has_error()) return read.error();
  return accounts;
}

bool belongs_to(const core::AccountId& account, const std::string& org) {
  return account == core::ledger::available(core::OrgId(org)) || account == core::ledger::reserved(core::OrgId(org));
}

std::string entry_json(const processors::EventPlace& place, const TransferPosted& transfer) {
  api::JsonText json;
  json.time("time", place.time)
      .text("place", to_string(LogPlace{place.partition, place.offset, place.index}))
      .text("transfer", transfer.transfer.value())
      .text("kind", core::ledger::to_string(transfer.kind))
      .text("org", transfer.org.value())
      .text("debit", transfer.debit.value())
      .text("credit", transfer.credit.value())
      .money("amount", transfer.amount)
      .number("nanos", transfer.amount.nanos())
      .text_or_null("batch", transfer.batch.value())
      .text_or_null("reason", transfer.reason)
      .text_or_null("ordered_by", transfer.ordered_by);
  return std::move(json).finish();
}

}  // namespace

void show_balances(Console& console, const LedgerOptions& options) {
  const core::Result<Accounts> accounts = sum_up(console, options);
  if (accounts.has_error()) return fail(console, accounts.error());
  Listing listing({{"account"}, {"balance", Align::right}, {"nanos", Align::right}});
  for (const auto& [account, sums] : *accounts) {
    if (!options.org.empty() && !belongs_to(account, options.org)) continue;
    listing.add({account.value(), sums.balance(), sums.balance().nanos()});
  }
  if (listing.empty() && !options.org.empty())
    return fail(console, answer_is_bad, "nothing was ever posted to the accounts of " + options.org);
  listing.print(console, options.json, "balances");
}

void show_entries(Console& console, const LedgerOptions& options) {
  const auto line = [](const auto&... cells) { return fmt::format("{:<24}  {:<15}  {:>18}  {}\n", cells...); };
  if (!options.json) console.out << line("TIME", "KIND", "AMOUNT", "FROM -> TO");
  const auto read =
      read_transfers(console, options, [&](const auto& place, const TransferPosted& transfer) -> core::Result<void> {
        if (options.json)
          console.out << entry_json(place, transfer) << '\n';
        else
          console.out << line(time_text(place.time), core::ledger::to_string(transfer.kind),
                              core::to_decimal(transfer.amount),
                              transfer.debit.value() + " -> " + transfer.credit.value());
        return {};
      });
  if (read.has_error()) fail(console, read.error());
}

void show_trial_balance(Console& console, const LedgerOptions& options) {
  const core::Result<Accounts> accounts = sum_up(console, options);
  if (accounts.has_error()) return fail(console, accounts.error());
  Listing listing({{"account"}, {"debits", Align::right}, {"credits", Align::right}, {"balance", Align::right}});
  Sums total;
  std::vector<std::string> overdrawn;
  for (const auto& [account, sums] : *accounts) {
    listing.add({account.value(), sums.debits, sums.credits, sums.balance()});
    for (const auto& added : {add(total.debits, sums.debits), add(total.credits, sums.credits)}) {
      if (added.has_error()) return fail(console, added.error());
    }
    // Of a part of the time, an account may well have lost more than it gained.
    if (sums.overdrawn && options.from.empty()) overdrawn.push_back(account.value());
  }
  listing.add({std::string("total"), total.debits, total.credits, total.balance()});
  listing.print(console, options.json, "trial_balance");
  if (total.balance() != Money{})
    fail(console, answer_is_bad,
         "the books do not balance: they are off by " + core::to_decimal(total.balance()) + " USD");
  for (const std::string& account : overdrawn) fail(console, answer_is_bad, account + " was overdrawn");
}

}  // namespace ops::brctl
