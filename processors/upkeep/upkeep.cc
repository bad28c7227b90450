#include "processors/upkeep/upkeep.h"

#include <algorithm>
#include <utility>

#include "processors/archive/archive.h"
#include "processors/snapshots/snapshots.h"
#include "processors/state_digest.h"
#include "schemas/position_codec.h"

namespace processors {

namespace {
constexpr std::size_t snapshots_kept = 2;
}

Upkeep::Upkeep(Settings settings, Environment environment)
    : settings_(settings), environment_(std::move(environment)) {}

void Upkeep::run() {
  const core::Timestamp now = environment_.now();
  const bool archive = settings_.archive && (!archived_at_ || now - *archived_at_ >= settings_.archive_interval);
  if (archive) archived_at_ = now;
  for (std::uint32_t number = 0; number < settings_.partition_count && !stopping_; ++number) {
    const core::Partition partition(number);
    if (!environment_.served(partition)) continue;
    const auto done = look_after(partition, archive);
    if (done) continue;
    environment_.metrics.count("batchrouter_upkeep_failures_total", {});
    warn(environment_.log, "upkeep_failed", {{"partition", number}, {"reason", std::string_view(done.error().detail)}});
  }
}

core::Result<void> Upkeep::look_after(core::Partition partition, bool archive) {
  auto newest = newest_snapshot(partition);
  if (!newest) return newest.error();
  const auto position = position_of(partition);
  if (!position) return position.error();
  const core::Offset covered = *newest ? (*newest)->position.next : core::Offset(0);
  const bool moved = position->value() - covered.value() >= settings_.snapshot_records_min;
  const bool old = !*newest || environment_.now() - (*newest)->made >= settings_.snapshot_interval;
  if (settings_.snapshot_interval > core::Duration(0) && moved && old) {
    auto taken = take(partition);
    if (!taken) return taken.error();
    *newest = std::move(*taken);
  }
  if (!archive) return {};
  const core::Timestamp kept_from = environment_.now() - settings_.retention;
  const auto archived =
      archive_partition(environment_.journal, environment_.blobs, environment_.signer, partition,
                        {.before = *position, .older_than = kept_from, .worth_it = kept_from - settings_.archive_span});
  if (!archived) return archived.error();
  if (archived->records > 0) {
    environment_.metrics.count("batchrouter_archived_records_total", {}, static_cast<double>(archived->records));
    info(environment_.log, "journal_archived",
         {{"partition", partition.value()}, {"records", archived->records}, {"end", archived->end.value()}});
  }
  return settings_.retention > core::Duration(0) ? trim(partition, *newest) : core::Result<void>();
}

core::Result<void> Upkeep::trim(core::Partition partition, const std::optional<schemas::SnapshotManifest>& newest) {
  const auto archive = read_archive(environment_.blobs, environment_.signer, partition);
  if (!archive) return archive.error();
  const core::Offset end = archive->empty() ? core::Offset(0) : archive->back().end;
  const auto first = environment_.journal.first(partition);
  if (!first) return first.error();
  if (end <= std::max(*first, trimmed_[partition])) return {};
  for (const schemas::ArchiveManifest& chunk : *archive) {
    if (chunk.end <= *first) continue;
    if (auto verified = verify_chunk(environment_.blobs, chunk); !verified) return verified;
  }
  std::optional<schemas::SnapshotManifest> snapshot = newest;
  if (!snapshot || snapshot->position.next < end || !verify_snapshot(environment_.blobs, *snapshot)) {
    auto taken = take(partition);
    if (!taken) return taken.error();
    snapshot = std::move(*taken);
    if (auto verified = verify_snapshot(environment_.blobs, *snapshot); !verified) return verified;
  }
  const core::Offset before = std::min(end, snapshot->position.next);
  if (auto done = environment_.journal.trim(partition, before); !done) return done;
  trimmed_[partition] = end;
  info(environment_.log, "journal_trimmed", {{"partition", partition.value()}, {"before", before.value()}});
  return {};
}

core::Result<schemas::SnapshotManifest> Upkeep::take(core::Partition partition) {
  auto taken =
      take_snapshot(environment_.store, partition, environment_.blobs, environment_.signer, environment_.now());
  if (!taken) return taken;
  environment_.metrics.count("batchrouter_snapshots_taken_total", {});
  info(environment_.log, "snapshot_taken",
       {{"partition", partition.value()}, {"next", taken->position.next.value()}, {"bytes", taken->bytes}});
  if (auto pruned = prune_snapshots(environment_.blobs, partition, snapshots_kept); !pruned) return pruned.error();
  return taken;
}

// Of those whose manifest holds.
core::Result<std::optional<schemas::SnapshotManifest>> Upkeep::newest_snapshot(core::Partition partition) const {
  const auto names = list_snapshots(environment_.blobs, partition);
  if (!names) return names.error();
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    auto manifest = read_snapshot(environment_.blobs, environment_.signer, *name);
    if (manifest && manifest->row_format == row_format) return std::optional(std::move(*manifest));
  }
  return std::optional<schemas::SnapshotManifest>();
}

core::Result<core::Offset> Upkeep::position_of(core::Partition partition) const {
  const auto row = environment_.store.get(partition, schemas::position_key);
  if (!row) return row.error();
  if (!*row) return core::Offset(0);
  const auto position = schemas::decode_position(**row);
  if (!position) return position.error();
  return position->next;
}

}  // namespace processors
