#include "ops/brctl/replay_compare.h"

#include <ostream>
#include <utility>

#include "adapters/rocksdb/state.h"
#include "api/json_text.h"
#include "ops/brctl/arguments.h"
#include "ops/brctl/output.h"
#include "processors/object_name.h"
#include "processors/replay/compare.h"
#include "processors/snapshots/snapshots.h"
#include "processors/state_digest.h"
#include "schemas/row_names.h"

namespace ops::brctl {

namespace {

using adapters::rocksdb::RocksdbState;

std::string shown(const std::optional<std::string>& value) {
  return value ? *value : "(no such row)";
}

}  // namespace

core::Result<Comparison> Comparison::begin(const Config& config, Source& source, const std::string& snapshot,
                                           processors::ReplaySettings& settings) {
  if (settings.until || !settings.ends.empty()) {
    return core::Error{core::ErrorCode::invalid_request,
                       "--compare and --until do not go together: the other state says up to where it goes"};
  }
  Comparison comparison(source);
  const auto opened =
      snapshot.empty() ? comparison.open_live(config, settings) : comparison.open_snapshot(snapshot, settings);
  if (!opened) return opened.error();
  return comparison;
}

core::Result<void> Comparison::open_live(const Config& config, processors::ReplaySettings& settings) {
  const std::string path = state_directory_of(config);
  auto live = RocksdbState::open_secondary(path, source_.partitions(), {});
  if (!live) return live.error();
  name_ = path;
  live_ = std::move(*live);
  other_ = live_.get();
  std::vector<core::Partition> partitions;
  for (const core::Partition partition : settings.partitions) {
    const auto position = live_->get(partition, schemas::position_key);
    if (!position) return position.error();
    if (!*position) continue;  // nothing of it was written to disk yet
    const auto digest = processors::digest_of_state(*live_, partition);
    if (!digest) return digest.error();
    compared_.push_back({partition, digest->position.next, digest->digest});
    partitions.push_back(partition);
    settings.ends[partition] = digest->position.next;
  }
  if (partitions.empty()) {
    return core::Error{core::ErrorCode::unavailable,
                       "there is nothing in " + name_ +
                           " to compare with yet: a service writes it each minute, and when it is stopped"};
  }
  settings.partitions = std::move(partitions);
  return {};
}

core::Result<void> Comparison::open_snapshot(const std::string& name, processors::ReplaySettings& settings) {
  const auto place = parse_place(name);
  name_ = place ? processors::object_name("snapshots", place->partition, place->offset) : name;
  const auto blobs = source_.blobs();
  if (!blobs) return blobs.error();
  const auto key = source_.key();
  if (!key) return key.error();
  const auto manifest = processors::read_snapshot(**blobs, **key, name_);
  if (!manifest) return core::Error{manifest.error().code, name_ + ": " + manifest.error().detail};
  if (manifest->row_format != processors::row_format) {
    return core::Error{core::ErrorCode::storage_failed,
                       name_ + " has rows of format " + std::to_string(manifest->row_format) +
                           ", and this program makes rows of format " + std::to_string(processors::row_format)};
  }
  if (manifest->partition >= source_.partitions())
    return core::Error{core::ErrorCode::invalid_request, name_ + ": there is no such partition"};
  auto loaded = ScratchState::make(source_.partitions());
  if (!loaded) return loaded.error();
  snapshot_.emplace(std::move(*loaded));
  if (const auto rows = processors::load_snapshot(**blobs, *manifest, snapshot_->state()); !rows)
    return core::Error{rows.error().code, name_ + ": " + rows.error().detail};
  other_ = &snapshot_->state();
  const core::Partition partition(manifest->partition);
  compared_.push_back({partition, manifest->position.next, manifest->blob});
  settings.partitions = {partition};
  settings.ends = {{partition, manifest->position.next}};
  return {};
}

void Comparison::print(Console& console, bool as_json, processors::StateStore& replayed) {
  Listing listing({{"partition", Align::right}, {"next_offset", Align::right}, {"state_digest"}, {"same"}});
  std::vector<Compared> different;
  for (const Compared& compared : compared_) {
    const auto digest = processors::digest_of_state(replayed, compared.partition);
    if (!digest) return fail(console, digest.error());
    const bool same = digest->digest == compared.digest;
    if (!same) different.push_back(compared);
    listing.add({std::int64_t{compared.partition.value()}, compared.next.value(), digest->digest.value(), same});
  }
  if (different.empty()) {
    listing.print(console, as_json, "partitions");
    if (!as_json) console.out << "\nsame: the journal gives " << name_ << '\n';
    return;
  }
  console.exit_code = answer_is_bad;
  if (!as_json) listing.print(console, false, "partitions");
  // The first one tells; the others are in the table.
  if (const auto printed = print_difference(console, as_json, different.front(), replayed); !printed)
    fail(console, printed.error());
}

core::Result<void> Comparison::print_difference(Console& console, bool as_json, const Compared& compared,
                                                processors::StateStore& replayed) const {
  const core::Partition partition = compared.partition;
  const auto difference = processors::first_difference(replayed, *other_, partition);
  if (!difference) return difference.error();
  if (!*difference)
    return core::Error{core::ErrorCode::storage_failed, name_ + " changed while it was read; compare once more"};
  const std::string& key = (*difference)->key;
  if (const auto wiped = replayed.wipe(partition); !wiped) return wiped;
  const auto writer = processors::find_writer(source_.journal(), replayed, partition, compared.next, key);
  if (!writer) return writer.error();
  const std::string row = schemas::to_text(schemas::name_of_row(key));
  std::string place;
  if (*writer) place = processors::place_text(partition, (*writer)->offset) + "." + std::to_string((*writer)->index);
  if (as_json) {
    api::JsonText json;
    json.text("state", name_).number("partition", partition.value()).number("next_offset", compared.next.value());
    json.text("row", row);
    (*difference)->left ? json.text("replayed", *(*difference)->left) : json.null("replayed");
    (*difference)->right ? json.text("there", *(*difference)->right) : json.null("there");
    if (*writer) {
      json.object("written_by")
          .text("place", place)
          .time("time", (*writer)->time)
          .text("type", schemas::event_type((*writer)->event.event))
          .text("aggregate", (*writer)->event.aggregate.value())
          .text("cause", (*writer)->event.cause.value())
          .end_object();
    } else {
      json.null("written_by");
    }
    console.out << std::move(json).finish() << '\n';
    return {};
  }
  console.out << "\ndifferent: partition " << partition.value() << ", first row " << row << "\n  by the journal  "
              << shown((*difference)->left) << "\n  " << name_ << "  " << shown((*difference)->right) << '\n';
  if (!*writer) {
    console.out << "  no event of the journal wrote this row\n";
    return {};
  }
  console.out << "  written by " << place << "  " << time_text((*writer)->time) << "  "
              << schemas::event_type((*writer)->event.event) << "  " << (*writer)->event.aggregate.value()
              << "\n  because of " << (*writer)->event.cause.value() << '\n';
  return {};
}

}  // namespace ops::brctl
