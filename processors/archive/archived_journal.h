// Archive and log as one: what the log has is read there, and what it has no more in the archive.
#pragma once

#include "processors/archive/archive.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/signer.h"

namespace processors {

// Threading: any thread. Lifetime: what it is given outlives it. Memory: one chunk for each reading.
// Chunks are verified as they are read: signature, digest, and that each continues the one before. The chain over the
// join of archive and log is for whoever folds or audits the records.
class ArchivedJournal final : public JournalReader {
 public:
  ArchivedJournal(JournalReader& log, const BlobStore& blobs, const Verifier& verifier)
      : log_(log), blobs_(blobs), verifier_(verifier) {}

  core::Result<core::Offset> first(core::Partition partition) override;
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override;

 private:
  JournalReader& log_;
  const BlobStore& blobs_;
  const Verifier& verifier_;
};

}  // namespace processors
