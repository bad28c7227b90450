#include "processors/snapshots/snapshots.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "processors/chain_place.h"
#include "processors/fault_point.h"
#include "processors/object_name.h"
#include "processors/state_digest.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t manifest_bytes_max = 64u << 10;
constexpr std::size_t read_bytes = 1u << 20;
constexpr std::size_t row_bytes_max = 64u << 20;    // of a key, and of a value
constexpr std::size_t write_bytes_full = 4u << 20;  // of rows that are written at once
const std::string kind = "snapshots";

core::Error invalid(const std::string& what) {
  return {core::ErrorCode::log_corrupt, what};
}

core::Result<std::string> read_object(const BlobStore& blobs, const std::string& name) {
  const auto reader = blobs.read_segment(name);
  if (!reader) return reader.error();
  if ((*reader)->size() > manifest_bytes_max) return invalid(name + " is no manifest: it is too large");
  return (*reader)->read(0, manifest_bytes_max);
}

// Takes a dump apart that comes in pieces.
class Rows {
 public:
  using Take = std::function<core::Result<void>(std::string key, std::string value)>;

  core::Result<void> feed(std::string_view bytes, const Take& take) {
    rest_ += bytes;
    std::size_t at = 0;
    for (;;) {
      std::size_t next = at;
      std::string_view key;
      std::string_view value;
      if (auto whole = text_at(next, key); !whole || !*whole) {
        if (!whole) return whole.error();
        break;
      }
      if (auto whole = text_at(next, value); !whole || !*whole) {
        if (!whole) return whole.error();
        break;
      }
      if (auto taken = take(std::string(key), std::string(value)); !taken) return taken;
      at = next;
    }
    rest_.erase(0, at);
    return {};
  }
  bool ended() const { return rest_.empty(); }

 private:
  core::Result<bool> text_at(std::size_t& at, std::string_view& text) const {
    if (rest_.size() - at < 4) return false;
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest_[at + i])) << (8 * i);
    if (length > row_bytes_max) return invalid("the rows of the snapshot do not hold");
    if (rest_.size() - at - 4 < length) return false;
    text = std::string_view(rest_).substr(at + 4, length);
    at += 4 + length;
    return true;
  }

  std::string rest_;
};

// Hands out the blob's bytes, and compares size and digest at its end.
core::Result<void> read_blob(const BlobStore& blobs, const schemas::SnapshotManifest& manifest,
                             const std::function<core::Result<void>(std::string_view)>& take) {
  const auto reader = blobs.open(manifest.blob);
  if (!reader) return reader.error();
  if ((*reader)->size() != manifest.bytes) return invalid("its blob has another size than its manifest says");
  schemas::Sha256 digest;
  for (std::uint64_t at = 0; at < manifest.bytes;) {
    const auto bytes = (*reader)->read(at, read_bytes);
    if (!bytes) return bytes.error();
    if (bytes->empty()) return invalid("its blob is cut off");
    digest.update(*bytes);
    at += bytes->size();
    if (auto taken = take(*bytes); !taken) return taken;
  }
  if (digest.finish() != manifest.blob) return invalid("its blob was changed");
  return {};
}

// Hands out the rows and finds them to be what the manifest says; the row of the position last.
core::Result<void> read_rows(const BlobStore& blobs, const schemas::SnapshotManifest& manifest,
                             const Rows::Take& take) {
  Rows rows;
  std::uint64_t count = 0;
  std::string position;
  const auto take_row = [&](std::string key, std::string value) -> core::Result<void> {
    ++count;
    if (key != schemas::position_key) return take(std::move(key), std::move(value));
    position = std::move(value);
    return {};
  };
  const auto read = read_blob(blobs, manifest, [&](std::string_view bytes) { return rows.feed(bytes, take_row); });
  if (!read) return read;
  if (!rows.ended() || count != manifest.rows || position != schemas::encode_position(manifest.position))
    return invalid("its rows are not those that its manifest tells of");
  return take(schemas::position_key, std::move(position));
}

}  // namespace

std::string name_of(const schemas::SnapshotManifest& manifest) {
  return object_name(kind, core::Partition(manifest.partition), manifest.position.next);
}

core::Result<schemas::SnapshotManifest> take_snapshot(const StateStore& store, core::Partition partition,
                                                      BlobStore& blobs, const Signer& signer, core::Timestamp now) {
  const auto writer = blobs.create();
  if (!writer) return writer.error();
  const auto written = write_state(store, partition, [&](std::string_view bytes) {
    auto appended = (*writer)->append(bytes);
    FAULT_POINT(F22);
    return appended;
  });
  if (!written) return written.error();
  const auto blob = (*writer)->finish();
  if (!blob) return blob.error();
  schemas::SnapshotManifest manifest;
  manifest.partition = partition.value();
  manifest.position = written->position;
  manifest.row_format = row_format;
  manifest.rows = written->rows;
  manifest.bytes = written->bytes;
  manifest.blob = *blob;
  manifest.made = now;
  manifest.key_id = signer.key_id();
  manifest.signature = signer.sign(schemas::signed_text(manifest));
  if (auto put = blobs.put(name_of(manifest), schemas::encode_manifest(manifest)); !put) return put.error();
  return manifest;
}

core::Result<std::vector<std::string>> list_snapshots(const BlobStore& blobs, core::Partition partition) {
  return blobs.list(object_folder(kind, partition));
}

core::Result<schemas::SnapshotManifest> read_snapshot(const BlobStore& blobs, const Verifier& verifier,
                                                      const std::string& name) {
  const auto text = read_object(blobs, name);
  if (!text) return text.error();
  auto manifest = schemas::decode_snapshot_manifest(*text);
  if (!manifest) return manifest.error();
  if (!verifier.verify(schemas::signed_text(*manifest), manifest->signature))
    return invalid("its signature is not one of key " + verifier.key_id());
  if (name_of(*manifest) != name) return invalid("it was made as " + name_of(*manifest));
  return manifest;
}

core::Result<std::optional<schemas::SnapshotManifest>> newest_snapshot(const BlobStore& blobs, const Verifier& verifier,
                                                                       core::Partition partition) {
  const auto names = list_snapshots(blobs, partition);
  if (!names) return names.error();
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    auto manifest = read_snapshot(blobs, verifier, *name);
    if (manifest && manifest->row_format == row_format) return std::optional(std::move(*manifest));
  }
  return std::optional<schemas::SnapshotManifest>();
}

core::Result<void> verify_snapshot(const BlobStore& blobs, const schemas::SnapshotManifest& manifest) {
  return read_rows(blobs, manifest, [](std::string, std::string) { return core::Result<void>(); });
}

core::Result<void> load_snapshot(const BlobStore& blobs, const schemas::SnapshotManifest& manifest, StateStore& store) {
  const core::Partition partition(manifest.partition);
  if (auto wiped = store.wipe(partition); !wiped) return wiped;
  std::vector<RowChange> changes;
  std::size_t bytes = 0;
  const auto write = [&] {
    auto written = store.write(partition, changes);
    changes.clear();
    bytes = 0;
    return written;
  };
  const auto read = read_rows(blobs, manifest, [&](std::string key, std::string value) -> core::Result<void> {
    bytes += key.size() + value.size();
    changes.push_back({std::move(key), std::move(value)});
    return bytes < write_bytes_full ? core::Result<void>() : write();
  });
  return read ? write() : read;
}

core::Result<void> prune_snapshots(BlobStore& blobs, core::Partition partition, std::size_t kept) {
  const auto names = list_snapshots(blobs, partition);
  if (!names) return names.error();
  std::set<core::Digest> unneeded;
  std::set<core::Digest> needed;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const bool keep = i + kept >= names->size();
    const auto text = read_object(blobs, names->at(i));
    const auto manifest = text ? schemas::decode_snapshot_manifest(*text) : text.error();
    if (manifest) (keep ? needed : unneeded).insert(manifest->blob);
    if (keep) continue;
    if (auto removed = blobs.remove(names->at(i)); !removed) return removed;
  }
  for (const core::Digest& blob : unneeded) {
    if (needed.contains(blob)) continue;
    if (auto removed = blobs.remove_blob(blob); !removed) return removed;
  }
  return {};
}

core::Result<bool> SnapshotRestore::restore(core::Partition partition, core::Offset end, JournalReader& journal,
                                            StateStore& store) const {
  const auto names = list_snapshots(blobs_, partition);
  if (!names) return names.error();
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    const auto began = std::chrono::steady_clock::now();
    const auto manifest = read_snapshot(blobs_, verifier_, *name);
    if (manifest && manifest->position.next > end) {
      // The owner before may have appended since the end was asked for.
      const auto grown = journal.read(partition, end, [](const StoredRecord&) { return true; });
      if (!grown) return grown.error();
      if (*grown >= manifest->position.next)
        return core::Error{core::ErrorCode::unavailable, "the journal has grown meanwhile"};
      return core::Error{core::ErrorCode::log_corrupt,
                         "the journal ends at " + place_text(partition, end) + " but the snapshot " + *name +
                             " was made of it up to " + place_text(partition, manifest->position.next) +
                             ": records are missing, or this is another journal. Restore the journal; only if that "
                             "loss is accepted, remove that snapshot and start again"};
    }
    core::Result<void> loaded;
    if (manifest) loaded = check(*manifest, end, journal);
    if (manifest && loaded) loaded = load_snapshot(blobs_, *manifest, store);
    if (manifest && loaded) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
      metrics_.count("batchrouter_snapshots_restored_total", {});
      info(log_, "state_restored",
           {{"partition", partition.value()},
            {"snapshot", std::string_view(*name)},
            {"rows", manifest->rows},
            {"milliseconds", took.count()}});
      return true;
    }
    const core::Error& error = manifest ? loaded.error() : manifest.error();
    // Who cannot read now may be able to a moment later.
    if (error.code == core::ErrorCode::unavailable) return error;
    metrics_.count("batchrouter_snapshots_passed_over_total", {});
    warn(log_, "snapshot_passed_over",
         {{"snapshot", std::string_view(*name)}, {"reason", std::string_view(error.detail)}});
  }
  if (!names->empty()) {
    if (auto wiped = store.wipe(partition); !wiped) return wiped.error();
  }
  return false;
}

core::Result<void> SnapshotRestore::check(const schemas::SnapshotManifest& manifest, core::Offset end,
                                          JournalReader& journal) const {
  if (manifest.row_format != row_format)
    return invalid("its rows are of format " + std::to_string(manifest.row_format) + ", and this program's are of " +
                   std::to_string(row_format));
  // The first record that counts and does not open an epoch tells by its chain whether it follows.
  schemas::ChainPlace place{manifest.position.epoch, manifest.position.instance, manifest.position.chain};
  core::Result<void> follows;
  if (manifest.position.next == end) return follows;
  const auto read =
      journal.read(core::Partition(manifest.partition), manifest.position.next, [&](const StoredRecord& stored) {
        const bool telling = stored.record.chain != unknown_chain;
        const auto counted = follow(place, stored.record);
        if (!counted) follows = invalid("the journal does not go on from it: another one");
        return counted && !(*counted && telling);
      });
  if (!read) return read.error();
  return follows;
}

}  // namespace processors
