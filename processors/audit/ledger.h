// The books of one partition, kept a second time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processors/audit/events.h"
#include "processors/audit/reporter.h"
#include "processors/audit/texts.h"

namespace processors::audit {

// Every transfer is checked by itself (accounts, name, amount, id once, no customer below zero), and at the end of each
// command against what caused it: a transfer without a cause is a finding, and so is a cause without its transfer.
class Ledger {
 public:
  enum class Account {
    none,
    available,
    reserved,
    funding,
    promotions,
    revenue,
    adjustments,
    losses,
    provider_cost,
    payable
  };

  explicit Ledger(Reporter& reporter) : reporter_(reporter) {}

  void add_org(std::string_view org) { orgs_.try_emplace(std::string(org)); }
  void take(const Transfer& transfer);

  // What happened in this command, and must have moved money in it. Looked at when the command ends, as transfers stand
  // before or behind their cause.
  void expect(std::string id, std::int64_t amount) {
    expected_.push_back({std::move(id), {}, amount, reporter_.event});
  }
  // Two transfers, or one of them, that together move it.
  void expect_either(std::string id, std::string other, std::int64_t amount) {
    expected_.push_back({std::move(id), std::move(other), amount, reporter_.event});
  }
  // Credit became available, out of which debts may have been paid.
  void allow_recovery(std::string_view cause, std::int64_t amount_max) {
    recoveries_.push_back({"recovery/" + std::string(cause), {}, amount_max, reporter_.event});
  }
  // A batch holds so much of an org's credit from now on (or less, below zero): reserved credit must be just that.
  void hold(std::string_view org, std::int64_t amount);

  void end_command();
  void end();

  // Balances by account; those of customers together as customer/available and customer/reserved.
  ByText<std::int64_t> sums() const;
  std::uint64_t transfers() const { return transfers_; }
  std::uint64_t orgs() const { return orgs_.size(); }

 private:
  struct Org {
    std::int64_t available = 0;
    std::int64_t reserved = 0;
    std::int64_t held = 0;  // by open batches
    std::int64_t owed = 0;  // of what was taken back beyond what was available
  };
  struct Posted {
    Transfer transfer;
    std::uint32_t event;
    bool explained;
  };

  bool well_formed(const Transfer& transfer);
  void check_name(const Transfer& transfer, Account debit, Account credit);
  bool is_new(const Transfer& transfer);
  void move(Org& org, std::string_view name, Account account, std::int64_t change);
  struct Expected {
    std::string id;
    std::string other;
    std::int64_t amount;
    std::uint32_t event;
  };
  // What this command posted under an id, which is explained with that; 0: nothing.
  std::int64_t posted(std::string_view id);

  Reporter& reporter_;
  ByText<Org> orgs_;
  ByText<std::int64_t> others_;            // balances of accounts that are no customer's
  SeenIds ids_;                            // of transfers
  SeenIds contents_;                       // of transfers with all that they say
  std::vector<Posted> command_;            // by the command that is being read
  std::vector<Expected> expected_;         // of it
  std::vector<Expected> recoveries_;       // that it may have made
  std::vector<std::string_view> touched_;  // orgs with changes of what is reserved or held, in it
  std::uint64_t transfers_ = 0;
};

}  // namespace processors::audit
