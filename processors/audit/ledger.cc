#include "processors/audit/ledger.h"

#include <algorithm>
#include <initializer_list>

namespace processors::audit {

namespace {

using Account = Ledger::Account;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_made_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (!take_prefix(text, part)) return false;
  }
  return text.empty();
}

// An account as far as the org of the transfer may name it.
Account account_of(std::string_view name, std::string_view org) {
  std::string_view rest = name;
  if (take_prefix(rest, "customer/")) {
    if (org.empty() || !take_prefix(rest, org)) return Account::none;
    if (rest == "/available") return Account::available;
    return rest == "/reserved" ? Account::reserved : Account::none;
  }
  if (take_prefix(rest, "provider/")) return rest.ends_with("/payable") ? Account::payable : Account::none;
  if (name == "platform/funding") return Account::funding;
  if (name == "platform/promotions") return Account::promotions;
  if (name == "platform/revenue") return Account::revenue;
  if (name == "platform/adjustments") return Account::adjustments;
  if (name == "platform/losses") return Account::losses;
  return name == "platform/provider_cost" ? Account::provider_cost : Account::none;
}

bool may_move(std::string_view kind, Account from, Account to) {
  const auto is = [&](Account debit, Account credit) { return from == debit && to == credit; };
  if (kind == "top_up") return is(Account::funding, Account::available);
  if (kind == "grant") return is(Account::promotions, Account::available);
  if (kind == "reserve") return is(Account::available, Account::reserved);
  if (kind == "capture") return is(Account::reserved, Account::revenue);
  if (kind == "release") return is(Account::reserved, Account::available);
  if (kind == "provider_charge") return is(Account::provider_cost, Account::payable);
  if (kind == "refund") return is(Account::available, Account::funding);
  return kind == "adjustment" &&
         (is(Account::available, Account::adjustments) || is(Account::adjustments, Account::available) ||
          is(Account::available, Account::funding) || is(Account::funding, Account::available) ||
          is(Account::losses, Account::funding) || is(Account::funding, Account::losses) ||
          is(Account::available, Account::losses));
}

// Between an org's own credit and the platform, because somebody said so.
bool by_hand(const Transfer& transfer, Account debit, Account credit) {
  return transfer.kind == "adjustment" && (debit == Account::adjustments || credit == Account::adjustments);
}

// What an adjustment of this kind is called, up to its cause.
bool adjustment_named_well(const Transfer& transfer, Account debit, Account credit) {
  const std::string_view id = transfer.id;
  if (by_hand(transfer, debit, credit)) {
    std::string_view rest = id;
    return take_prefix(rest, "adjustment/") && take_prefix(rest, transfer.org) &&
           take_prefix(rest, credit == Account::available ? "/credit/" : "/debit/") && !rest.empty();
  }
  if (debit == Account::available && credit == Account::losses) return id.starts_with("recovery/");
  if (debit == Account::available) return id.starts_with("dispute/") && id.ends_with("/withdrawn");
  if (credit == Account::available) return id.starts_with("dispute/") && id.ends_with("/reinstated");
  if (credit == Account::losses) return id.starts_with("dispute/") && id.ends_with("/reinstated/loss");
  return id.starts_with("refund/") ? id.ends_with("/loss")
                                   : id.starts_with("dispute/") && id.ends_with("/withdrawn/loss");
}

bool named_well(const Transfer& transfer, Account debit, Account credit) {
  const std::string_view kind = transfer.kind;
  std::string_view rest = transfer.id;
  if (kind == "reserve" || kind == "capture" || kind == "release")
    return !transfer.batch.empty() && is_made_of(transfer.id, {kind, "/", transfer.batch});
  if (kind == "provider_charge")
    return !transfer.batch.empty() && take_prefix(rest, "provider_charge/") && take_prefix(rest, transfer.batch) &&
           take_prefix(rest, "/") && is_made_of(transfer.credit, {"provider/", rest, "/payable"});
  if (!transfer.batch.empty()) return false;
  if (kind == "grant") return take_prefix(rest, "grant/") && take_prefix(rest, transfer.org) && rest.starts_with('/');
  if (kind == "top_up") return rest.starts_with("top_up/");
  if (kind == "refund") return rest.starts_with("refund/");
  return adjustment_named_well(transfer, debit, credit);
}

std::string named(const Transfer& transfer) {
  return std::string(transfer.kind) + " " + std::string(transfer.id);
}

}  // namespace

bool Ledger::well_formed(const Transfer& transfer) {
  if (transfer.amount > 0 && transfer.debit != transfer.credit && !transfer.id.empty()) return true;
  reporter_.report(Rule::transfer_malformed, named(transfer) + " moves " + std::to_string(transfer.amount) + " from " +
                                                 std::string(transfer.debit) + " to " + std::string(transfer.credit));
  return false;
}

void Ledger::check_name(const Transfer& transfer, Account debit, Account credit) {
  if (!may_move(transfer.kind, debit, credit))
    reporter_.report(Rule::transfer_misplaced, named(transfer) + " of " + std::string(transfer.org) +
                                                   " must not move money from " + std::string(transfer.debit) + " to " +
                                                   std::string(transfer.credit));
  else if (!named_well(transfer, debit, credit))
    reporter_.report(Rule::transfer_misnamed, named(transfer) + " does not say what it was posted for");
  if (by_hand(transfer, debit, credit) && (transfer.reason.empty() || transfer.ordered_by.empty()))
    reporter_.report(Rule::adjustment_unsigned, named(transfer) + " does not say who ordered it and why");
}

bool Ledger::is_new(const Transfer& transfer) {
  const std::uint64_t said = fingerprint(transfer.debit) ^ (3 * fingerprint(transfer.credit)) ^
                             (5 * static_cast<std::uint64_t>(transfer.amount));
  const bool same = !contents_.insert(said ^ (7 * fingerprint(transfer.id)));
  if (ids_.insert(transfer.id)) return true;
  if (same)
    reporter_.report(Rule::transfer_repeated, named(transfer) + " was posted before");
  else
    reporter_.report(Rule::transfer_changed, named(transfer) + " was posted before, with another amount or accounts");
  return false;
}

void Ledger::move(Org& org, std::string_view name, Account account, std::int64_t change) {
  const bool customer = account == Account::available || account == Account::reserved;
  std::int64_t& balance = account == Account::available  ? org.available
                          : account == Account::reserved ? org.reserved
                                                         : others_.try_emplace(std::string(name)).first->second;
  if (__builtin_add_overflow(balance, change, &balance))
    reporter_.report(Rule::balance_overflow, "the balance of " + std::string(name) + " does not fit");
  if (customer && change < 0 && balance < 0)
    reporter_.report(Rule::overdraft,
                     std::string(name) + " falls to " + std::to_string(balance) + " nano-USD, below zero");
}

void Ledger::take(const Transfer& transfer) {
  if (!well_formed(transfer) || !is_new(transfer)) return;
  ++transfers_;
  const Account debit = account_of(transfer.debit, transfer.org);
  const Account credit = account_of(transfer.credit, transfer.org);
  check_name(transfer, debit, credit);
  auto org = orgs_.find(transfer.org);
  if (org == orgs_.end()) {
    reporter_.report(Rule::org_unknown, named(transfer) + " is of an org that was never made");
    org = orgs_.try_emplace(std::string(transfer.org)).first;
  }
  move(org->second, transfer.debit, debit, -transfer.amount);
  move(org->second, transfer.credit, credit, transfer.amount);
  if (debit == Account::losses) org->second.owed += transfer.amount;
  if (credit == Account::losses) {
    if (transfer.amount > org->second.owed)
      reporter_.report(Rule::recovery_exceeded, named(transfer) + " is more than what is owed");
    org->second.owed -= std::min(org->second.owed, transfer.amount);
  }
  if (debit == Account::reserved || credit == Account::reserved) touched_.push_back(org->first);
  command_.push_back({transfer, reporter_.event, transfer.kind == "grant" || by_hand(transfer, debit, credit)});
}

std::int64_t Ledger::posted(std::string_view id) {
  const auto found =
      std::find_if(command_.begin(), command_.end(), [&](const Posted& each) { return each.transfer.id == id; });
  if (found == command_.end()) return 0;
  found->explained = true;
  return found->transfer.amount;
}

void Ledger::hold(std::string_view org, std::int64_t amount) {
  const auto found = orgs_.try_emplace(std::string(org)).first;
  found->second.held += amount;
  touched_.push_back(found->first);
}

void Ledger::end_command() {
  for (const Expected& each : expected_) {
    const std::int64_t found = posted(each.id) + (each.other.empty() ? 0 : posted(each.other));
    if (found != each.amount)
      reporter_.report_at(each.event, Rule::transfer_missing,
                          "transfer " + each.id + " must be of " + std::to_string(each.amount) + " nano-USD, and " +
                              (found == 0 ? "is not there" : "is of " + std::to_string(found)));
  }
  for (const Expected& each : recoveries_) {
    if (posted(each.id) > each.amount)
      reporter_.report_at(each.event, Rule::recovery_exceeded,
                          "transfer " + each.id + " takes more than became available, " + std::to_string(each.amount));
  }
  for (const Posted& each : command_) {
    if (!each.explained)
      reporter_.report_at(each.event, Rule::transfer_unexplained,
                          named(each.transfer) + " was posted, and nothing that happened calls for it");
  }
  for (const std::string_view name : touched_) {
    Org& org = orgs_.find(name)->second;
    if (org.reserved == org.held) continue;
    reporter_.report(Rule::reservation_mismatch, std::string(name) + " has " + std::to_string(org.reserved) +
                                                     " nano-USD reserved, and its open batches hold " +
                                                     std::to_string(org.held));
    org.held = org.reserved;  // said once
  }
  command_.clear();
  expected_.clear();
  recoveries_.clear();
  touched_.clear();
}

void Ledger::end() {
  __extension__ __int128 sum = 0;
  for (const auto& [name, balance] : others_) sum += balance;
  for (const auto& [name, org] : orgs_) sum += org.available + org.reserved;
  if (sum != 0)
    reporter_.findings.add({Rule::books_unbalanced, reporter_.partition, std::nullopt, std::nullopt, std::nullopt,
                            "the sum over all accounts is not zero"});
}

ByText<std::int64_t> Ledger::sums() const {
  ByText<std::int64_t> sums(others_.begin(), others_.end());
  for (const auto& [name, org] : orgs_) {
    sums["customer/available"] += org.available;
    sums["customer/reserved"] += org.reserved;
  }
  return sums;
}

}  // namespace processors::audit
