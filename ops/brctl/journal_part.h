// --partition and --until: which part of the journal a subcommand is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace ops::brctl {

struct JournalPart {
  std::vector<core::Partition> partitions;  // each once, in order
  bool all = true;                          // that there are
  std::optional<core::Offset> end;          // of the only partition: the first record that is no longer meant
  std::optional<core::Timestamp> until;     // of the newest record that is meant
};

// `count`: of the journal's partitions. An `until` that is a place, 3/1234, stands for its partition alone, up to and
// with this record. Errors: invalid_request (there is no such partition, that is no time).
core::Result<JournalPart> journal_part(const std::vector<std::uint32_t>& partitions, const std::string& until,
                                       std::uint32_t count);

}  // namespace ops::brctl
