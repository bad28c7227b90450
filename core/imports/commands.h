#pragma once

#include "core/imports/state.h"

namespace core::imports {

struct RecordImport {
  OrgId org;
  ImportId import;
  std::string provider;
  Digest content;
  Digest manifest;
  std::uint32_t manifest_items = 0;
  std::uint64_t fault_count = 0;
  std::vector<DayTotals> days;  // 1 to import_days_max
};

}  // namespace core::imports
