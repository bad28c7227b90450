#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/ids.h"
#include "core/time.h"
#include "processors/audit/finding.h"

namespace processors::audit {

// Where the reading is, and what was found so far. The rules report to it.
struct Reporter {
  core::Partition partition;
  core::Offset offset;
  core::Timestamp time;     // of the record
  core::Epoch epoch;        // of the record
  std::uint32_t event = 0;  // its place in the record
  Findings findings;

  void report(Rule rule, std::string detail) { report_at(event, rule, std::move(detail)); }
  void report_at(std::uint32_t which, Rule rule, std::string detail) {
    findings.add({rule, partition, offset, std::nullopt, which, std::move(detail)});
  }
  void report_record(Rule rule, std::string detail) {
    findings.add({rule, partition, offset, std::nullopt, std::nullopt, std::move(detail)});
  }
};

}  // namespace processors::audit
