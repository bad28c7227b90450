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

// The log alone, as long as it has what is wanted: what is wrong with an archive is no reason not to read a whole log.
core::Result<core::Offset> ArchivedJournal::read(core::Partition partition, core::Offset from, const Visit& visit) {
  core::Offset next = from;
  bool wants_more = true;
  const auto count = [&](const StoredRecord& stored) {
    next = core::Offset(stored.offset.value() + 1);
    wants_more = visit(stored);
    return wants_more;
  };
  for (;;) {
    const auto end = log_.read(partition, next, count);
    if (end || !wants_more) return end;
    const auto kept = log_.first(partition);
    if (!kept || next >= *kept) return end;
    // It was archived and trimmed, perhaps while it was read.
    const auto archive = read_archive(blobs_, verifier_, partition);
    if (!archive) return archive.error();
    auto chunk = std::ranges::upper_bound(*archive, next, {}, &schemas::ArchiveManifest::end);
    if (chunk == archive->end() || next < chunk->first) return end;
    for (; chunk != archive->end() && next < *kept; ++chunk) {
      if (const auto read = read_chunk(blobs_, *chunk, next, count); !read) return read.error();
      if (!wants_more) return next;
    }
  }
}

}  // namespace processors
