#include "processors/archive/trim.h"

#include <algorithm>
#include <optional>

#include "processors/archive/archive.h"
#include "processors/fault_point.h"
#include "processors/snapshots/snapshots.h"

namespace processors {

core::Result<core::Offset> trim_archived(Journal& journal, const StateStore& store, BlobStore& blobs,
                                         const Signer& signer, core::Partition partition, core::Timestamp now) {
  const auto first = journal.first(partition);
  if (!first) return first;
  const auto archive = read_archive(blobs, signer, partition);
  if (!archive) return archive.error();
  if (archive->empty() || archive->back().end <= *first) return first;
  for (const schemas::ArchiveManifest& chunk : *archive) {
    if (chunk.end <= *first) continue;
    if (const auto verified = verify_chunk(blobs, chunk); !verified) return verified.error();
  }
  auto snapshot = newest_snapshot(blobs, signer, partition);
  if (!snapshot) return snapshot.error();
  const core::Offset end = archive->back().end;
  if (!*snapshot || (*snapshot)->position.next < end || !verify_snapshot(blobs, **snapshot)) {
    auto taken = take_snapshot(store, partition, blobs, signer, now);
    if (!taken) return taken.error();
    if (const auto verified = verify_snapshot(blobs, *taken); !verified) return verified.error();
    *snapshot = std::move(*taken);
  }
  const core::Offset before = std::min(end, (*snapshot)->position.next);
  FAULT_POINT(F23);
  if (const auto trimmed = journal.trim(partition, before); !trimmed) return trimmed.error();
  return before;
}

}  // namespace processors
