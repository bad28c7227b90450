// What an audit says, as JSON that can be signed and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"

namespace schemas {

struct AuditFinding {
  std::string rule;   // stable word
  std::string place;  // "3/1234.0", "3/1234-1300"; empty: of a file as such
  std::string detail;
};

struct AuditPartition {
  core::Partition partition;
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::uint64_t ignored = 0;  // records of owners that had been replaced
  core::Offset next;          // after the last record read
  core::Epoch epoch;
  std::uint64_t owners = 0;  // terms of ownership
  std::optional<core::Timestamp> from;
  std::optional<core::Timestamp> to;
  std::string chain;                  // hexadecimal, of the last record that counts
  std::uint64_t checkpoints = 0;      // that hold
  core::Offset witnessed;             // by them: records before this one
  std::optional<core::Offset> blind;  // from here on records were read, and no rules of money and batches checked
  std::uint64_t findings = 0;
};

struct AuditBalance {
  std::string account;  // customers' together
  core::Money balance;
};

struct AuditCount {
  std::string what;
  std::uint64_t count = 0;
};

struct AuditBatch {
  std::string org;
  std::string batch;
  std::string place;  // of its end
  core::Money captured;
  core::Money provider_cost;
  core::Money margin;
};

struct AuditReport {
  int format = 1;
  std::string program;  // and its version
  core::Timestamp made_at;
  std::string source;       // what was read
  std::string checkpoints;  // where they are from; empty: none
  std::string until;        // empty: all of it
  bool clean = false;
  std::uint64_t findings_count = 0;
  std::vector<AuditFinding> findings;  // the first of each partition
  std::uint64_t records = 0;
  std::uint64_t events = 0;
  std::vector<AuditPartition> partitions;
  std::vector<AuditBalance> balances;
  std::vector<AuditCount> counts;
  core::Money revenue;  // captured of the batches that have ended
  core::Money provider_cost;
  core::Money margin;
  std::uint64_t batches_at_a_loss = 0;
  std::vector<AuditBatch> largest_losses;
};

std::string to_json(const AuditReport& report);
core::Result<AuditReport> audit_report_from_json(std::string_view text);

// {"report":…,"key":…,"signature":…}: the signature is of the report's bytes as they stand there.
struct SignedReport {
  std::string report;  // JSON
  std::string key;
  std::string signature;
};
std::string to_json(const SignedReport& report);
core::Result<SignedReport> signed_report_from_json(std::string_view text);

}  // namespace schemas
