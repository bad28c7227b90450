#include "processors/upkeep/upkeep.h"

#include <algorithm>
#include <utility>

#include "processors/archive/archive.h"
#include "processors/archive/trim.h"
#include "processors/snapshots/snapshots.h"
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
  const auto newest = newest_snapshot(environment_.blobs, environment_.signer, partition);
  if (!newest) return newest.error();
  const auto position = position_of(partition);
  if (!position) return position.error();
  const core::Offset covered = *newest ? (*newest)->position.next : core::Offset(0);
  const bool moved = position->value() - covered.value() >= settings_.snapshot_records_min;
  const bool old = !*newest || environment_.now() - (*newest)->made >= settings_.snapshot_interval;
  if (settings_.snapshot_interval > core::Duration(0) && moved && old) {
    if (const auto taken = take(partition); !taken) return taken;
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
  return settings_.retention > core::Duration(0) ? trim(partition, archived->end) : core::Result<void>();
}

core::Result<void> Upkeep::trim(core::Partition partition, core::Offset archived) {
  if (archived <= trimmed_[partition]) return {};
  const auto before = trim_archived(environment_.journal, environment_.store, environment_.blobs, environment_.signer,
                                    partition, environment_.now());
  if (!before) return before.error();
  trimmed_[partition] = archived;
  info(environment_.log, "journal_trimmed", {{"partition", partition.value()}, {"before", before->value()}});
  return prune_snapshots(environment_.blobs, partition, snapshots_kept);
}

core::Result<void> Upkeep::take(core::Partition partition) {
  const auto taken =
      take_snapshot(environment_.store, partition, environment_.blobs, environment_.signer, environment_.now());
  if (!taken) return taken.error();
  environment_.metrics.count("batchrouter_snapshots_taken_total", {});
  info(environment_.log, "snapshot_taken",
       {{"partition", partition.value()}, {"next", taken->position.next.value()}, {"bytes", taken->bytes}});
  return prune_snapshots(environment_.blobs, partition, snapshots_kept);
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
