// The journal as one topic of a Kafka cluster, shared with other processes.
#pragma once

#include <memory>

#include "adapters/kafka/settings.h"
#include "processors/ports/journal.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::kafka {

// An append is produced with acks=all by one idempotent producer, and confirmed when the tail, a consumer that follows
// every open partition, has read it back. So the answer does not hang on what a broker says of a write, and an owner
// learns of its successor even while it appends nothing.
//
// Threading:  every member from any thread. append() does not wait. `confirmed` and `lost` run on the tail's thread,
// one
//             at a time, or on the caller's for a refusal and in close(); they may call append() and close().
//             open() and read() block for Settings::request_timeout without progress at most.
// Order:      of one partition, what was appended is in the log as a prefix of the calls: librdkafka may give up on no
//             record by itself (no time-out, no gap); we give up on all that waits, together with the producer.
// Failure:    when a record was not read back within Settings::append_timeout, or the producer fails, every partition
//             with appends that wait is lost (unavailable), and a new producer is made on a thread of its own, later
//             and later while that goes on. A record given up may still arrive: the owner's next epoch outdates it.
// Fencing:    append() refuses an epoch older than the newest that the tail or a read() has seen.
// Memory:     appends that wait: Settings::pending_bytes_max, twice (librdkafka has a copy). Reading: some ten MiB
// each.
class KafkaJournal final : public processors::Journal {
 public:
  // The topic must be there: see prepare_topics(). Makes no connection yet. Errors: configuration_invalid.
  static core::Result<std::unique_ptr<KafkaJournal>> create(const Settings& settings, processors::Log& log,
                                                            processors::Metrics& metrics);
  ~KafkaJournal() override;  // as stop()

  // Where the log ends when it is asked; the tail begins there.
  core::Result<core::Offset> open(core::Partition partition, Lost lost) override;
  void close(core::Partition partition) override;
  void append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) override;
  core::Result<core::Offset> first(core::Partition partition) override;
  core::Result<void> trim(core::Partition partition, core::Offset before) override;
  // To the end of the log as it is met, but at least to what was confirmed before the call.
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override;

  // Closes every partition; then every call answers unavailable. Takes some Settings::close_timeout at most, also when
  // the cluster is away. Idempotent.
  void stop();

 private:
  class Implementation;
  explicit KafkaJournal(std::unique_ptr<Implementation> implementation);

  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace adapters::kafka
