#include "processors/archive/archive.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "processors/chain_place.h"
#include "processors/object_name.h"
#include "processors/record_frame.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t manifest_bytes_max = 64u << 10;
constexpr std::uint64_t chunk_bytes_max = archive_chunk_bytes + 2 * frame_bytes_max;

const std::string kind = "archive";

core::Error invalid(const std::string& name, const std::string& what) {
  return {core::ErrorCode::log_corrupt, name + ": " + what + "; restore it from a copy"};
}

core::Result<schemas::ArchiveManifest> read_manifest(const BlobStore& blobs, const Verifier& verifier,
                                                     const std::string& name) {
  const auto reader = blobs.read_segment(name);
  if (!reader) return reader.error();
  if ((*reader)->size() > manifest_bytes_max) return invalid(name, "it is too large for a manifest");
  const auto text = (*reader)->read(0, manifest_bytes_max);
  if (!text) return text.error();
  auto manifest = schemas::decode_archive_manifest(*text);
  if (!manifest) return invalid(name, manifest.error().detail);
  if (!verifier.verify(schemas::signed_text(*manifest), manifest->signature))
    return invalid(name, "its signature is not one of key " + verifier.key_id());
  if (name_of(*manifest) != name) return invalid(name, "it was made as " + name_of(*manifest));
  if (manifest->end <= manifest->first || manifest->bytes > chunk_bytes_max)
    return invalid(name, "its manifest makes no sense");
  return manifest;
}

// A chunk that is being filled.
class ChunkWriter {
 public:
  ChunkWriter(BlobStore& blobs, const Signer& signer, core::Partition partition, core::Offset first,
              schemas::ChainPlace before)
      : blobs_(blobs), signer_(signer) {
    manifest_.partition = partition.value();
    manifest_.first = first;
    manifest_.end = first;
    manifest_.before = before;
    manifest_.after = std::move(before);
  }

  const schemas::ArchiveManifest& manifest() const { return manifest_; }
  bool empty() const { return manifest_.first == manifest_.end; }

  core::Result<void> add(const StoredRecord& stored) {
    const auto counted = follow(manifest_.after, stored.record);
    if (!counted)
      return core::Error{counted.error().code, place_text(core::Partition(manifest_.partition), stored.offset) + ": " +
                                                   counted.error().detail + "; nothing is archived behind it"};
    if (*counted) manifest_.newest = stored.record.time;
    if (!writer_) {
      auto made = blobs_.create();
      if (!made) return made.error();
      writer_ = std::move(*made);
    }
    frame_.clear();
    encode_frame(frame_, core::Partition(manifest_.partition), stored.offset, 0, stored.record);
    manifest_.bytes += frame_.size();
    manifest_.end = core::Offset(stored.offset.value() + 1);
    return writer_->append(frame_);
  }

  core::Result<void> finish() {
    const auto blob = writer_->finish();
    if (!blob) return blob.error();
    manifest_.blob = *blob;
    manifest_.key_id = signer_.key_id();
    manifest_.signature = signer_.sign(schemas::signed_text(manifest_));
    // Another archiver may have been faster, and what was trimmed by its chunk must stay.
    const std::string name = name_of(manifest_);
    const auto there = blobs_.read_segment(name);
    if (there || there.error().code != core::ErrorCode::blob_not_found)
      return core::Error{core::ErrorCode::unavailable, name + " was made by another archiver meanwhile; run it again"};
    return blobs_.put(name, schemas::encode_manifest(manifest_));
  }

 private:
  BlobStore& blobs_;
  const Signer& signer_;
  schemas::ArchiveManifest manifest_;
  std::unique_ptr<BlobWriter> writer_;  // null until the first record
  std::string frame_;
};

core::Result<std::string> read_whole(const BlobStore& blobs, const schemas::ArchiveManifest& manifest) {
  const auto reader = blobs.open(manifest.blob);
  if (!reader) return invalid(name_of(manifest), "its blob cannot be read: " + reader.error().detail);
  if ((*reader)->size() != manifest.bytes) return invalid(name_of(manifest), "its blob has another size");
  auto bytes = (*reader)->read(0, manifest.bytes);
  if (bytes && schemas::sha256(*bytes) != manifest.blob) return invalid(name_of(manifest), "its blob was changed");
  return bytes;
}

}  // namespace

std::string name_of(const schemas::ArchiveManifest& manifest) {
  return object_name(kind, core::Partition(manifest.partition), manifest.first);
}

core::Result<Archived> archive_partition(JournalReader& journal, BlobStore& blobs, const Signer& signer,
                                         core::Partition partition, const ArchiveLimits& limits) {
  const auto before = read_archive(blobs, signer, partition);
  if (!before) return before.error();
  Archived archived;
  schemas::ChainPlace place = chain_beginning();
  if (!before->empty()) {
    archived.end = before->back().end;
    place = before->back().after;
  }
  auto chunk = std::make_unique<ChunkWriter>(blobs, signer, partition, archived.end, place);
  const auto close_chunk = [&]() -> core::Result<void> {
    if (auto finished = chunk->finish(); !finished) return finished;
    const schemas::ArchiveManifest& manifest = chunk->manifest();
    archived.records += static_cast<std::uint64_t>(manifest.end.value() - manifest.first.value());
    archived.end = manifest.end;
    archived.bytes += manifest.bytes;
    ++archived.chunks;
    chunk = std::make_unique<ChunkWriter>(blobs, signer, partition, manifest.end, manifest.after);
    return {};
  };
  core::Result<void> outcome;
  const auto read = journal.read(partition, archived.end, [&](const StoredRecord& stored) {
    if (limits.before && stored.offset >= *limits.before) return false;
    if (limits.older_than && stored.record.time >= *limits.older_than) return false;
    const bool first = archived.chunks == 0 && chunk->empty();
    if (first && limits.worth_it && stored.record.time >= *limits.worth_it) return false;
    outcome = chunk->add(stored);
    if (outcome && chunk->manifest().bytes >= std::min(limits.chunk_bytes, archive_chunk_bytes))
      outcome = close_chunk();
    return outcome.has_value();
  });
  if (!outcome) return outcome.error();
  if (!read) return read.error();
  if (!chunk->empty()) outcome = close_chunk();
  if (!outcome) return outcome.error();
  return archived;
}

core::Result<std::vector<schemas::ArchiveManifest>> read_archive(const BlobStore& blobs, const Verifier& verifier,
                                                                 core::Partition partition) {
  const auto names = blobs.list(object_folder(kind, partition));
  if (!names) return names.error();
  std::vector<schemas::ArchiveManifest> manifests;
  for (const std::string& name : *names) {
    auto manifest = read_manifest(blobs, verifier, name);
    if (!manifest) return manifest.error();
    const core::Offset end = manifests.empty() ? core::Offset(0) : manifests.back().end;
    if (manifest->first > end)
      return invalid(name, "the chunk with " + place_text(partition, end) + " is missing before it");
    const bool joins = manifests.empty() ? manifest->before == chain_beginning()
                                         : manifest->first < end || manifest->before == manifests.back().after;
    if (!joins) return invalid(name, "it does not continue the chunk before it");
    // Two nodes may have archived the same records for a moment.
    if (manifest->end > end) manifests.push_back(std::move(*manifest));
  }
  return manifests;
}

core::Result<bool> read_chunk(const BlobStore& blobs, const schemas::ArchiveManifest& manifest, core::Offset from,
                              const JournalReader::Visit& visit) {
  const auto bytes = read_whole(blobs, manifest);
  if (!bytes) return bytes.error();
  std::string_view rest = *bytes;
  StoredRecord stored;
  for (core::Offset next = manifest.first; next < manifest.end; next = core::Offset(next.value() + 1)) {
    const std::optional<Frame> frame = decode_frame(rest);
    if (!frame || frame->offset != next || frame->partition.value() != manifest.partition)
      return invalid(name_of(manifest),
                     "its blob does not hold " + place_text(core::Partition(manifest.partition), next));
    rest.remove_prefix(frame->bytes());
    if (next < from) continue;
    copy(*frame, stored);
    if (!visit(stored)) return false;
  }
  if (!rest.empty()) return invalid(name_of(manifest), "its blob goes on behind its last record");
  return true;
}

core::Result<void> verify_chunk(const BlobStore& blobs, const schemas::ArchiveManifest& manifest) {
  schemas::ChainPlace place = manifest.before;
  core::Result<void> chained;
  const auto read = read_chunk(blobs, manifest, manifest.first, [&](const StoredRecord& stored) {
    if (const auto counted = follow(place, stored.record); !counted)
      chained = invalid(name_of(manifest),
                        place_text(core::Partition(manifest.partition), stored.offset) + ": " + counted.error().detail);
    return chained.has_value();
  });
  if (!read) return read.error();
  if (chained && place != manifest.after) return invalid(name_of(manifest), "its chain ends elsewhere");
  return chained;
}

}  // namespace processors
