// What an audit finds: a rule that was broken, and where.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"

namespace processors::audit {

// Each a stable word, for scripts; each finding says in its detail what is wrong.
// clang-format off
#define AUDIT_RULES(X)                                                                                      \
  /* bytes and records */                                                                                   \
  X(damaged_bytes) X(missing_records) X(repeated_record) X(log_truncated) X(chain_broken)                   \
  X(epoch_without_owner) X(owner_replaced) X(time_ran_back) X(unreadable_record) X(unknown_event)           \
  X(wrong_partition) X(wrong_org) X(event_misnamed) X(event_repeated) X(command_repeated) X(timer_early)    \
  /* checkpoints, archive */                                                                                \
  X(checkpoint_mismatch) X(checkpoint_unreadable) X(checkpoint_forged) X(checkpoint_removed)                \
  X(checkpoints_missing) X(archive_damaged)                                                                 \
  /* money */                                                                                               \
  X(transfer_malformed) X(transfer_misplaced) X(transfer_misnamed) X(transfer_repeated)                     \
  X(transfer_changed) X(transfer_unexplained) X(transfer_missing) X(adjustment_unsigned) X(overdraft)       \
  X(balance_overflow) X(org_unknown) X(reservation_mismatch) X(recovery_exceeded) X(books_unbalanced)       \
  /* quotes */                                                                                              \
  X(quote_repeated) X(quote_unknown) X(quote_spent) X(quote_expired) X(quote_early) X(quote_changed)        \
  /* batches */                                                                                             \
  X(batch_repeated) X(batch_unknown) X(batch_over) X(batch_torn) X(batch_phase) X(unit_unknown)             \
  X(unit_closed_twice) X(units_disordered) X(items_lost) X(attempt_disordered) X(lane_foreign)              \
  X(run_replaced) X(progress_ran_back) X(charge_above_quote) X(dispatch_too_late) X(shares_mismatch)        \
  X(settlement_mismatch) X(end_mismatch)                                                                    \
  /* webhooks, payments */                                                                                  \
  X(delivery_repeated) X(delivery_unknown) X(delivery_disordered) X(delivery_missing)                       \
  X(checkout_repeated) X(checkout_unknown) X(checkout_phase) X(payment_mismatch) X(refund_exceeded)         \
  X(dispute_disordered)
// clang-format on

enum class Rule {
#define X(rule) rule,
  AUDIT_RULES(X)
#undef X
};
std::string_view to_string(Rule rule);

struct Finding {
  Rule rule = Rule::damaged_bytes;
  std::optional<core::Partition> partition;  // none: of a file as such
  std::optional<core::Offset> offset;        // the first record that it is about
  std::optional<core::Offset> last;          // of several: the last
  std::optional<std::uint32_t> event;        // its place in the record
  std::string detail;                        // for a person
};
// "3/1234.0", "3/1234-1300", or nothing.
std::string place_of(const Finding& finding);

// Findings of one partition. All are counted, the first ones kept.
class Findings {
 public:
  static constexpr std::size_t kept_max = 200;

  void add(Finding finding);

  std::uint64_t count() const { return count_; }
  const std::vector<Finding>& kept() const { return kept_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<Finding> kept_;
};

}  // namespace processors::audit
