// What brctl reads: the journal and the blobs that the configuration names. The service need not run, and when it does,
// it is not disturbed: nothing is locked, made or changed, and no group of consumers is joined.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/ids.h"
#include "core/result.h"
#include "ops/config.h"
#include "processors/archive/archived_journal.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/signer.h"

namespace adapters::embedded_log {
class LogReader;
}

namespace ops::brctl {

// Records of one or all partitions, each reading on from where the one before stopped: follow by reading again, after a
// pause. Within a partition the order is that of the journal. Threading: one thread at a time.
class RecordStream {
 public:
  // Returns false to stop reading.
  using Visit = std::function<bool(core::Partition, const processors::StoredRecord&)>;

  virtual ~RecordStream() = default;
  // To the end as it is met. Errors: as JournalReader::read().
  virtual core::Result<void> read_on(const Visit& visit) = 0;
  // How much of what was there at the beginning is read, 0 to 1; nothing where that is not known.
  virtual std::optional<double> fraction() const { return std::nullopt; }
};

// Threading: journal() from any thread, the rest from one. Lifetime: outlives its streams.
class Source {
 public:
  // Errors: storage_failed (no such data directory, no journal in it), unavailable (no answer from the cluster),
  //         configuration_invalid (the data directory is of another journal, the topic has other partitions).
  static core::Result<std::unique_ptr<Source>> open(const Config& config);
  ~Source();

  const std::string& name() const { return name_; }  // for people: "the log in data/journal"
  std::uint32_t partitions() const { return partitions_; }

  // What was archived included, as if it had never been trimmed.
  processors::JournalReader& journal() { return *history_; }
  // For one pass over the files, and for damage that does not stop it. Null on Kafka.
  adapters::embedded_log::LogReader* log() { return log_; }
  // For reading. Errors: storage_failed (no such directory).
  core::Result<processors::BlobStore*> blobs();
  // Of what is signed: snapshots, archive. Errors: storage_failed, configuration_invalid (it is no key).
  core::Result<const processors::Verifier*> key();

  // All partitions: of an embedded log in one pass, in the order of the files, after what only the archive has.
  std::unique_ptr<RecordStream> records();
  // Those that were trimmed from the journal, partition after partition.
  std::unique_ptr<RecordStream> archived_records();
  // One partition, from an offset on; `from` below the oldest that is kept: from that.
  std::unique_ptr<RecordStream> records(core::Partition partition, core::Offset from);
  // All partitions, near their end: of an embedded log its last `segments` files.
  std::unique_ptr<RecordStream> last_records(std::size_t segments);
  // Files of an embedded log; 1 on Kafka.
  std::size_t segments() const;

 private:
  explicit Source(const Config& config) : config_(config) {}
  core::Result<void> open_log();
  core::Result<void> open_kafka();
  core::Result<void> open_archive();

  const Config config_;
  std::string name_;
  std::uint32_t partitions_ = 0;
  std::unique_ptr<processors::Log> quiet_log_;
  std::unique_ptr<processors::Metrics> quiet_metrics_;
  std::unique_ptr<processors::JournalReader> journal_;  // after what it borrows
  adapters::embedded_log::LogReader* log_ = nullptr;
  std::unique_ptr<processors::BlobStore> blobs_;
  std::unique_ptr<processors::Verifier> key_;
  std::unique_ptr<processors::ArchivedJournal> archived_;  // null where there cannot be an archive
  processors::JournalReader* history_ = nullptr;
};

}  // namespace ops::brctl
