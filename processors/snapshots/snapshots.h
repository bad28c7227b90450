// Snapshots of a partition's state: the rows as one blob, whose digest is the digest of the state, and a signed
// manifest under the name snapshots/p<partition>/<offset of the first record not applied>. Disposable, as state is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/signer.h"
#include "processors/ports/state_store.h"
#include "schemas/manifests.h"

namespace processors {

// Of one moment, while the partition goes on. Errors: storage_failed, also when there is no state.
core::Result<schemas::SnapshotManifest> take_snapshot(const StateStore& store, core::Partition partition,
                                                      BlobStore& blobs, const Signer& signer, core::Timestamp now);

std::string name_of(const schemas::SnapshotManifest& manifest);

// Names, oldest first.
core::Result<std::vector<std::string>> list_snapshots(const BlobStore& blobs, core::Partition partition);

// The manifest, after its signature was verified and it was found to be what its name says. Errors: log_corrupt,
// blob_not_found, storage_failed.
core::Result<schemas::SnapshotManifest> read_snapshot(const BlobStore& blobs, const Verifier& verifier,
                                                      const std::string& name);

// The newest whose manifest holds and whose rows are of this program's format. Errors: storage_failed.
core::Result<std::optional<schemas::SnapshotManifest>> newest_snapshot(const BlobStore& blobs, const Verifier& verifier,
                                                                       core::Partition partition);

// Reads the blob and finds it to be what the manifest says. Errors: log_corrupt, blob_not_found, storage_failed.
core::Result<void> verify_snapshot(const BlobStore& blobs, const schemas::SnapshotManifest& manifest);

// Replaces the rows of the partition by those of the snapshot. The row of the position comes last: whatever goes wrong,
// a partition without one counts as having no state. Errors: those of verify_snapshot.
core::Result<void> load_snapshot(const BlobStore& blobs, const schemas::SnapshotManifest& manifest, StateStore& store);

// Removes all but the newest `kept`: manifests first, then blobs that no manifest names any more.
core::Result<void> prune_snapshots(BlobStore& blobs, core::Partition partition, std::size_t kept);

// Finds a partition's state where it has none.
//
// Threading: any thread, one at a time for a partition. Lifetime: what it is given outlives it.
// Metrics:   batchrouter_snapshots_restored_total, batchrouter_snapshots_passed_over_total
class SnapshotRestore {
 public:
  SnapshotRestore(const BlobStore& blobs, const Verifier& verifier, Metrics& metrics, Log& log)
      : blobs_(blobs), verifier_(verifier), metrics_(metrics), log_(log) {}

  // Puts the newest valid snapshot into the store: signature, digest and row format hold, it is of this partition, and
  // the journal goes on from it. An invalid one is logged, counted and passed over for the one before. False: there is
  // none. `end` is the journal's. Errors: log_corrupt (a valid snapshot lies behind the end of the journal: records are
  // missing), storage_failed, and those of reading.
  core::Result<bool> restore(core::Partition partition, core::Offset end, JournalReader& journal,
                             StateStore& store) const;

 private:
  core::Result<void> check(const schemas::SnapshotManifest& manifest, core::Offset end, JournalReader& journal) const;

  const BlobStore& blobs_;
  const Verifier& verifier_;
  Metrics& metrics_;
  Log& log_;
};

}  // namespace processors
