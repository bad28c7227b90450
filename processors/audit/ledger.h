// The books of one partition, kept a second time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
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

  using Parts = std::initializer_list<std::string_view>;  // of an id, one after the other
  // What this command posted under an id, which is now explained; 0: nothing.
  std::int64_t posted(Parts id);
  // The same, for what must be exactly that.
  void expect(Parts id, std::int64_t amount);
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
  Posted* find(Parts id);

  Reporter& reporter_;
  ByText<Org> orgs_;
  ByText<std::int64_t> others_;                           // balances of accounts that are no customer's
  SeenIds ids_;                                           // of transfers
  SeenIds contents_;                                      // of transfers with all that they say
  std::vector<Posted> command_;                           // by the command that is being read
  std::vector<std::string_view> touched_;                 // orgs with changes of what is reserved or held, in it
  std::uint64_t transfers_ = 0;
};

}  // namespace processors::audit
