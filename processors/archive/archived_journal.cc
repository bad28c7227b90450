#include "processors/archive/archived_journal.h"

#include <algorithm>

namespace processors {

core::Result<core::Offset> ArchivedJournal::first(core::Partition partition) {
  const auto kept = log_.first(partition);
  if (!kept || *kept == core::Offset(0)) return kept;
  const auto archive = read_archive(blobs_, verifier_, partition);
  if (!archive) return archive.error();
  return archive->empty() || archive->back().end < *kept ? *kept : archive->front().first;
}

core::Result<core::Offset> ArchivedJournal::read(core::Partition partition, core::Offset from, const Visit& visit) {
  core::Offset next = from;
  bool wants_more = true;
  const auto count = [&](const StoredRecord& stored) {
    next = core::Offset(stored.offset.value() + 1);
    wants_more = visit(stored);
    return wants_more;
  };
  auto archive = read_archive(blobs_, verifier_, partition);
  if (!archive) return archive.error();
  const auto archived = [&] { return !archive->empty() && next < archive->back().end; };
  for (;;) {
    core::Result<core::Offset> kept = archived() ? log_.first(partition) : next;
    if (!kept) return kept;
    if (next >= *kept) {
      auto end = log_.read(partition, next, count);
      if (end || !wants_more) return end;
      // It may have been archived and trimmed while it was read.
      kept = log_.first(partition);
      if (!kept || next >= *kept) return end;
      archive = read_archive(blobs_, verifier_, partition);
      if (!archive) return archive.error();
      if (!archived()) return end;
    }
    const auto chunk = std::ranges::upper_bound(*archive, next, {}, &schemas::ArchiveManifest::end);
    if (const auto more = read_chunk(blobs_, *chunk, next, count); !more) return more.error();
    if (!wants_more) return next;
  }
}

}  // namespace processors
