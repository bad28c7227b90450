// The archive of a journal: chunks of a partition's records as blobs of frames (processors/record_frame.h), each with a
// signed manifest under the name archive/p<partition>/<first offset>. What is there is never changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/signer.h"
#include "schemas/manifests.h"

namespace processors {

constexpr std::uint64_t archive_chunk_bytes = 32u << 20;

// Which records are to be archived: those for which everything that is given holds, up to the first for which it does
// not.
struct ArchiveLimits {
  std::optional<core::Offset> before = {};
  std::optional<core::Timestamp> older_than = {};
  // Nothing is archived unless the oldest record that is not is older than this: one chunk a day rather than many.
  std::optional<core::Timestamp> worth_it = {};
  std::uint64_t chunk_bytes = archive_chunk_bytes;  // a chunk is closed when it has so many
};

struct Archived {
  core::Offset end;  // of the archive now
  std::uint64_t chunks = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// Continues the archive of a partition, durably, chunk after chunk; the chain is checked on the way. Errors:
// log_corrupt, storage_failed, unavailable; the chunks that were finished stay.
core::Result<Archived> archive_partition(JournalReader& journal, BlobStore& blobs, const Signer& signer,
                                         core::Partition partition, const ArchiveLimits& limits);

// The manifests of a partition in order, signatures verified; each begins where one before it ends, or earlier. Errors:
// log_corrupt (naming the chunk), storage_failed.
core::Result<std::vector<schemas::ArchiveManifest>> read_archive(const BlobStore& blobs, const Verifier& verifier,
                                                                 core::Partition partition);

// Visits the records of a chunk from `from` on; before the first one, the whole chunk is found to be what its manifest
// says. Answers whether the visitor wants more. Errors: log_corrupt (naming the chunk), blob_not_found, storage_failed.
core::Result<bool> read_chunk(const BlobStore& blobs, const schemas::ArchiveManifest& manifest, core::Offset from,
                              const JournalReader::Visit& visit);

// As above, and the chain from `before` to `after`.
core::Result<void> verify_chunk(const BlobStore& blobs, const schemas::ArchiveManifest& manifest);

std::string name_of(const schemas::ArchiveManifest& manifest);

}  // namespace processors
