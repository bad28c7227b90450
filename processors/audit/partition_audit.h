// The audit of one partition: each record by itself, what it follows, and what its events say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processors/audit/batches.h"
#include "processors/audit/deliveries.h"
#include "processors/audit/events.h"
#include "processors/audit/ledger.h"
#include "processors/audit/payments.h"
#include "processors/audit/reporter.h"
#include "processors/audit/texts.h"
#include "processors/ports/journal.h"
#include "schemas/audit_report.h"
#include "schemas/checkpoint_codec.h"

namespace processors::audit {

struct Options {
  // Of an embedded log: it takes nothing from an owner that was replaced, nor a time before another.
  bool one_writer = true;
  std::uint32_t partition_count = 0;               // to tell whose partition an org's is; 0: that is not checked
  std::optional<core::Timestamp> until_time = {};  // records after it are left out
  std::optional<core::Offset> until_offset = {};   // this record and those after it
};

// Once records are missing or unreadable, it goes on blindly: what comes after is checked for itself and for what it
// follows, but what accounts and batches have come to is not guessed.
//
// Threading: one thread at a time. Memory: what is open, and 8 to 32 bytes for every id that must not come again.
class PartitionAudit {
 public:
  // `checkpoints` in the order of what they cover.
  PartitionAudit(core::Partition partition, Options options, std::vector<schemas::Checkpoint> checkpoints);
  PartitionAudit(const PartitionAudit&) = delete;  // its parts refer to one another
  PartitionAudit& operator=(const PartitionAudit&) = delete;

  void take(const StoredRecord& stored);
  // No more records. Once.
  void end();

  std::uint64_t events() const { return events_; }
  const Findings& findings() const { return reporter_.findings; }
  schemas::AuditPartition summary() const;
  const BatchFigures& batches() const { return batches_.figures(); }
  ByText<std::int64_t> balances() const { return ledger_.sums(); }
  std::vector<schemas::AuditCount> counts() const;

 private:
  using Take = bool (PartitionAudit::*)(std::string_view data);
  static Take rule_of(std::string_view type);

  bool in_order(const StoredRecord& stored);
  void check_chain(const JournalRecord& record, bool opens);
  void check_time(const JournalRecord& record, bool opens);
  void check_checkpoints();
  void read_events(const JournalRecord& record, bool opens);
  void take_event(const Event& event);
  void check_head(const Event& event);
  void check_org(std::string_view org);
  void end_command();

  bool take_opened(std::string_view data);
  bool take_timer(std::string_view data);
  bool take_bus_command(std::string_view data);
  bool take_effect(std::string_view) { return true; }
  bool take_org(std::string_view data);
  bool take_transfer(std::string_view data);
  bool take_quote_locked(std::string_view data);
  template <void (Batches::*Rule)(const About&)>
  bool take_about(std::string_view data);
  bool take_accepted(std::string_view data);
  bool take_units(std::string_view data);
  template <void (Batches::*Rule)(const UnitEvent&)>
  bool take_unit(std::string_view data);
  bool take_stop(std::string_view data);
  bool take_ended(std::string_view data);
  bool take_jobs(std::string_view data);
  bool take_scheduled(std::string_view data);
  template <bool last>
  bool take_tried(std::string_view data);
  template <void (Deliveries::*Rule)(const DeliveryEvent&)>
  bool take_delivery(std::string_view data);
  template <void (Payments::*Rule)(const CheckoutEvent&)>
  bool take_checkout(std::string_view data);
  bool take_other(std::string_view data);

  const Options options_;
  const std::string source_;
  const std::vector<schemas::Checkpoint> checkpoints_;
  Reporter reporter_;
  EventReader reader_;
  Ledger ledger_{reporter_};
  Batches batches_{reporter_, ledger_};
  Deliveries deliveries_{reporter_};
  Payments payments_{reporter_, ledger_};

  std::uint64_t records_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t ignored_ = 0;
  std::uint64_t owners_ = 0;
  bool over_ = false;       // beyond what was asked for
  bool after_gap_ = false;  // the next record follows one that is missing
  std::optional<core::Offset> blind_from_;
  core::Offset next_;
  core::Epoch epoch_;
  std::string instance_;
  std::string chain_;           // hexadecimal, as the last record says
  std::string chain_other_;     // as it should have said; empty: the same
  bool chain_unknown_ = false;  // behind a gap, where an owner took over
  core::Offset owed_;           // by checkpoints of until_time and before: times alone do not end the reading there
  bool opened_last_ = false;    // the last record that counts opened an epoch
  core::Offset last_counted_;
  std::optional<core::Timestamp> first_time_;
  core::Timestamp time_;
  std::string time_text_;  // of the record
  std::int64_t bus_offset_ = -1;

  std::size_t checkpoint_ = 0;  // the next one
  std::uint64_t checkpoints_held_ = 0;
  core::Offset witnessed_;
  bool mismatched_ = false;

  SeenIds event_ids_;
  SeenIds subjects_;              // whose partition was checked
  std::string cause_;             // of the command that is being read
  std::string_view subject_org_;  // of the event
};

}  // namespace processors::audit
