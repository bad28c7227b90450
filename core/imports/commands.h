#pragma once

#include "core/imports/state.h"

namespace core::imports {

struct RecordImport {
  OrgId org;
  ImportId import;
  std::string provider;
  Digest content;
  Digest idempotency;  // of the Idempotency-Key; empty: there is none
  Digest manifest;
  std::uint32_t manifest_items = 0;
  std::uint64_t fault_count = 0;
  Digest faults;
  std::vector<FailureCode> failure_codes;
  std::string catalog_version;
  std::vector<DayTotals> days;  // 1 to import_days_max
};

}  // namespace core::imports
