#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <ostream>

#include "adapters/blobs/local_blobs.h"
#include "adapters/rocksdb/state.h"
#include "adapters/signing/ed25519_signer.h"
#include "ops/brctl/journal_part.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/scratch_state.h"
#include "ops/brctl/source.h"
#include "ops/clock.h"
#include "processors/replay/replay.h"
#include "processors/snapshots/snapshots.h"
#include "processors/state_digest.h"

namespace ops::brctl {

namespace {

using adapters::rocksdb::RocksdbState;
using adapters::signing::Ed25519Signer;

struct SnapshotFlags {
  ConfigFlags config;
  std::vector<std::uint32_t> partitions;
  bool replay = false;
  bool json = false;
};

void add_row(Listing& listing, const std::string& name, const core::Result<schemas::SnapshotManifest>& manifest,
             const std::string& verdict) {
  if (!manifest) return listing.add({name, Cell(), Cell(), Cell(), Cell(), Cell(), verdict});
  listing.add({name, manifest->position.next.value(), manifest->position.time,
               static_cast<std::int64_t>(manifest->rows), static_cast<std::int64_t>(manifest->bytes),
               manifest->blob.value(), verdict});
}

Listing make_listing() {
  return Listing({{"snapshot"},
                  {"next_offset", Align::right},
                  {"time"},
                  {"rows", Align::right},
                  {"bytes", Align::right},
                  {"state_digest"},
                  {"verdict"}});
}

// Of the state on disk: what the service has flushed, all of one moment in each partition.
void take(Console& console, const SnapshotFlags& flags) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  const auto source = Source::open(*config);
  if (!source) return fail(console, source.error());
  const auto part = journal_part(flags.partitions, "", (*source)->partitions());
  if (!part) return fail(console, part.error());
  const auto state = RocksdbState::open_secondary(state_directory_of(*config), (*source)->partitions(), {});
  if (!state) return fail(console, state.error());
  const auto signer = Ed25519Signer::read(key_directory_of(*config));
  if (!signer) return fail(console, signer.error());
  const auto blobs = adapters::blobs::LocalBlobs::open(blob_directory_of(*config));
  if (!blobs) return fail(console, blobs.error());
  Listing listing = make_listing();
  for (const core::Partition partition : part->partitions) {
    const auto position = (*state)->get(partition, schemas::position_key);
    if (!position) return fail(console, position.error());
    if (!*position) continue;
    const auto taken = processors::take_snapshot(**state, partition, **blobs, **signer, now());
    if (!taken) return fail(console, taken.error());
    add_row(listing, processors::name_of(*taken), *taken, "taken");
  }
  if (listing.empty()) return fail(console, answer_is_bad, "there is no state on disk yet; it is written every minute");
  listing.print(console, flags.json, "snapshots");
}

// What the journal gives up to where the snapshot stands, by its digest. Errors: those of replaying.
core::Result<void> check_by_replay(Source& source, const schemas::SnapshotManifest& manifest) {
  auto scratch = ScratchState::make(source.partitions());
  if (!scratch) return scratch.error();
  const core::Partition partition(manifest.partition);
  processors::ReplaySettings settings;
  settings.partitions = {partition};
  settings.ends = {{partition, manifest.position.next}};
  const auto replayed = processors::replay(source.journal(), scratch->state(), settings, {});
  if (!replayed) return replayed.error();
  const auto digest = processors::digest_of_state(scratch->state(), partition);
  if (!digest) return digest.error();
  if (digest->digest == manifest.blob) return {};
  return core::Error{core::ErrorCode::log_corrupt, "the journal gives another state, " + digest->digest.value() +
                                                       "; see brctl replay --compare with this snapshot"};
}

enum class Look { list, verify };

void look(Console& console, const SnapshotFlags& flags, Look look) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  const auto source = Source::open(*config);
  if (!source) return fail(console, source.error());
  const auto part = journal_part(flags.partitions, "", (*source)->partitions());
  if (!part) return fail(console, part.error());
  const auto blobs = (*source)->blobs();
  if (!blobs) return fail(console, blobs.error());
  const auto key = (*source)->key();
  if (!key) return fail(console, key.error());
  Listing listing = make_listing();
  for (const core::Partition partition : part->partitions) {
    const auto names = processors::list_snapshots(**blobs, partition);
    if (!names) return fail(console, names.error());
    for (const std::string& name : *names) {
      const auto manifest = processors::read_snapshot(**blobs, **key, name);
      core::Result<void> holds;
      if (!manifest) holds = manifest.error();
      if (holds && look == Look::verify) holds = processors::verify_snapshot(**blobs, *manifest);
      if (holds && look == Look::verify && manifest->row_format != processors::row_format)
        holds = core::Error{core::ErrorCode::log_corrupt, "rows of another format; it is passed over"};
      if (holds && flags.replay) holds = check_by_replay(**source, *manifest);
      if (!holds) console.exit_code = answer_is_bad;
      const std::string good = look == Look::list ? "signed"
                               : flags.replay     ? "good, the journal gives the same"
                                                  : "good";
      add_row(listing, name, manifest, holds ? good : holds.error().detail);
    }
  }
  listing.print(console, flags.json, "snapshots");
}

CLI::App& add(CLI::App& group, const char* name, const char* what, const std::shared_ptr<SnapshotFlags>& flags) {
  CLI::App& command = *group.add_subcommand(name, what);
  command.add_option("--partition", flags->partitions, "Only this partition; may be said again")->type_name("N");
  add_config_flags(command, flags->config);
  add_json_flag(command, flags->json);
  return command;
}

}  // namespace

void add_snapshot(CLI::App& app, Console& console) {
  CLI::App& group =
      *app.add_subcommand("snapshot", "Copies of state in the blob store, from which lost state is found again");
  group.require_subcommand(1);
  group.footer(
      "The service takes one of each partition that moved, every state.snapshot_minutes, and keeps the newest two.\n"
      "Where a partition has no state, it begins with the newest valid one, and with what the journal has behind "
      "it.\n\n"
      "Examples:\n"
      "  brctl snapshot list --data /var/lib/batchrouter\n"
      "  brctl snapshot take --partition 3\n"
      "  brctl snapshot verify --replay");
  const auto take_flags = std::make_shared<SnapshotFlags>();
  add(group, "take", "Takes one of the state on disk, beside a running service or without one", take_flags)
      .callback([&console, take_flags] { take(console, *take_flags); });
  const auto list_flags = std::make_shared<SnapshotFlags>();
  add(group, "list", "Shows them, and whether their manifests are signed", list_flags).callback([&console, list_flags] {
    look(console, *list_flags, Look::list);
  });
  const auto verify_flags = std::make_shared<SnapshotFlags>();
  CLI::App& verify = add(group, "verify", "Reads them: signature, digest, rows", verify_flags);
  verify.add_flag("--replay", verify_flags->replay, "Fold the journal up to each, and compare");
  verify.callback([&console, verify_flags] { look(console, *verify_flags, Look::verify); });
}

}  // namespace ops::brctl
