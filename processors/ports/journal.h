// The journal: every event, totally ordered within its partition. The source of truth.
#pragma once

#include <functional>
#include <string>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace processors {

// One record is one group of events: there whole or not at all.
struct JournalRecord {
  core::Epoch epoch;     // of the owner that wrote it
  std::string instance;  // which process wrote it
  core::Timestamp time;  // log time
  std::string chain;     // 32 bytes: SHA-256(chain of the record before || epoch || instance || time || value)
  std::string value;     // a CloudEvents batch, JSON, record_bytes_max at most
};

struct StoredRecord {
  core::Offset offset;
  JournalRecord record;
};

// Threading: every member may be called from any thread; `confirmed` and `visit` run on a thread of the journal's or
// the
//            caller's, and must not block.
// Delivery:  a record is confirmed only when it is durable and has been read back with no record of a newer epoch
// before
//            it. After an error its outcome is unknown: read to the end, and the log says what happened.
class Journal {
 public:
  static constexpr std::size_t record_bytes_max = 8u << 20;

  using Confirmed = std::function<void(core::Result<core::Offset>)>;
  // Returns false to stop reading.
  using Visit = std::function<bool(const StoredRecord&)>;

  virtual ~Journal() = default;

  // Takes the partition into use and repairs a torn tail. Answers the offset that the next record will have.
  virtual core::Result<core::Offset> open(core::Partition partition) = 0;

  // Appends in call order within a partition. Errors: fenced, storage_failed, overloaded (too many bytes waiting).
  virtual void append(core::Partition partition, JournalRecord record, Confirmed confirmed) = 0;

  // Visits the durable records from `from` on, in order. Answers the offset after the last one visited.
  // Errors: log_corrupt (naming offset and file), storage_failed.
  virtual core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) = 0;
};

}  // namespace processors
