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

// Whether a record counts where the newest owner is `instance`, with `epoch`: what a replaced owner wrote after that
// does not, nor what the loser of a race for an epoch wrote. Before instances were kept, the epoch alone says.
inline bool counts(const JournalRecord& record, core::Epoch epoch, const std::string& instance) {
  return record.epoch > epoch || (record.epoch == epoch && (instance.empty() || record.instance == instance));
}

struct StoredRecord {
  core::Offset offset;
  JournalRecord record;
};

// What can be read of a journal, by whoever may.
class JournalReader {
 public:
  // Returns false to stop reading.
  using Visit = std::function<bool(const StoredRecord&)>;

  virtual ~JournalReader() = default;

  // The offset of the oldest record that is kept; that of the next one when there is none. Errors: as read().
  virtual core::Result<core::Offset> first(core::Partition partition) = 0;

  // Visits the durable records from `from` on, in order. Answers the offset after the last one visited.
  // Errors: log_corrupt (naming the place; also when records at `from` are gone), unavailable, storage_failed.
  virtual core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) = 0;
};

// Threading: every member may be called from any thread. `confirmed` and `lost` run on a thread of the journal's (or on
//            the caller's, for a refusal) and must not block; `visit` runs on the caller's. open() and read() block.
// Delivery:  a record is confirmed only when it is durable and has been read back with no record of a newer epoch
//            before it.
class Journal : public JournalReader {
 public:
  static constexpr std::size_t record_bytes_max = 8u << 20;

  using Confirmed = std::function<void(core::Result<core::Offset>)>;
  using Lost = std::function<void(core::Error)>;
  // Takes the partition into use, from now until close(), and repairs a torn tail. Answers the offset after the last
  // record. `lost` is called once at most, and no more after close(): fenced (a record of an epoch newer than that of
  // our own last append was read) or unavailable (the journal cannot tell any more what becomes of our appends).
  // Errors: unavailable (try again), log_corrupt, storage_failed, configuration_invalid.
  virtual core::Result<core::Offset> open(core::Partition partition, Lost lost) = 0;

  // Ends the use; what still waits is answered unavailable before this returns. Fine when it is not open.
  virtual void close(core::Partition partition) = 0;

  // Appends in call order within an open partition. Errors:
  //   overloaded         too many bytes wait; nothing was appended, and the same may be tried again
  //   payload_too_large  nothing was appended
  //   fenced             a newer owner's record came first; what was appended counts for nobody
  //   unavailable        outcome unknown: open again and read to the end, and the log says what happened
  //   storage_failed     outcome unknown, and nothing can be appended any more until the process is started again
  virtual void append(core::Partition partition, JournalRecord record, Confirmed confirmed) = 0;

  // Records before this one need not be kept any more: they are in an archive, and no fold begins before it. What goes,
  // and when, is the journal's choice. Errors: unavailable, storage_failed; nothing is lost, and it may be tried again.
  virtual core::Result<void> trim(core::Partition partition, core::Offset before) = 0;
};

}  // namespace processors
