#include "processors/archive/archive.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <ostream>

#include "adapters/blobs/local_blobs.h"
#include "adapters/logging/spdlog_log.h"
#include "adapters/prometheus/prometheus_metrics.h"
#include "adapters/rocksdb/state.h"
#include "adapters/signing/ed25519_signer.h"
#include "ops/brctl/journal_part.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/source.h"
#include "ops/bus.h"
#include "ops/clock.h"
#include "processors/archive/trim.h"

namespace ops::brctl {

namespace {

using adapters::signing::Ed25519Signer;

struct ArchiveFlags {
  ConfigFlags config;
  std::vector<std::uint32_t> partitions;
  std::string until;
  bool trim = false;
  bool json = false;
};

// With the journal as its owner has it: of an embedded log that is one process at a time.
core::Result<void> trim(const Config& config, std::uint32_t count, const std::vector<core::Partition>& partitions,
                        processors::BlobStore& blobs, const processors::Signer& signer, Listing& listing) {
  adapters::logging::SpdlogLog log({processors::Log::Level::error, adapters::logging::Format::text});
  adapters::prometheus::PrometheusMetrics metrics;
  const auto bus = open_bus(config, {"brctl", metrics, log, [](const std::string&) {}});
  if (!bus) return bus.error();
  const auto state = adapters::rocksdb::RocksdbState::open_secondary(state_directory_of(config), count, {});
  if (!state) return state.error();
  for (const core::Partition partition : partitions) {
    const auto before = processors::trim_archived((*bus)->journal(), **state, blobs, signer, partition, now());
    if (!before) return before.error();
    listing.add({std::int64_t{partition.value()}, before->value()});
  }
  (*bus)->stop();
  return {};
}

void run_archive(Console& console, const ArchiveFlags& flags) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  const auto source = Source::open(*config);
  if (!source) return fail(console, source.error());
  const auto part = journal_part(flags.partitions, flags.until, (*source)->partitions());
  if (!part) return fail(console, part.error());
  processors::ArchiveLimits limits;
  limits.before = part->end;
  if (part->until) limits.older_than = *part->until + core::Duration(1);
  const auto signer = Ed25519Signer::read(key_directory_of(*config));
  if (!signer) return fail(console, signer.error());
  const auto blobs = adapters::blobs::LocalBlobs::open(blob_directory_of(*config));
  if (!blobs) return fail(console, blobs.error());

  Listing archived({{"partition", Align::right},
                    {"archived_to", Align::right},
                    {"records", Align::right},
                    {"chunks", Align::right},
                    {"bytes", Align::right}});
  for (const core::Partition partition : part->partitions) {
    const auto done = processors::archive_partition((*source)->journal(), **blobs, **signer, partition, limits);
    if (!done) return fail(console, done.error());
    archived.add({std::int64_t{partition.value()}, done->end.value(), static_cast<std::int64_t>(done->records),
                  static_cast<std::int64_t>(done->chunks), static_cast<std::int64_t>(done->bytes)});
  }
  if (!flags.trim) return archived.print(console, flags.json, "partitions");
  Listing trimmed({{"partition", Align::right}, {"not_needed_before", Align::right}});
  if (const auto done = trim(*config, (*source)->partitions(), part->partitions, **blobs, **signer, trimmed); !done)
    return fail(console, done.error());
  if (!flags.json) archived.print(console, false, "partitions");
  if (!flags.json) console.out << '\n';
  trimmed.print(console, flags.json, "partitions");
}

enum class Look { list, verify };

void look(Console& console, const ArchiveFlags& flags, Look look) {
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
  Listing listing({{"chunk"}, {"end", Align::right}, {"newest"}, {"bytes", Align::right}, {"blob"}, {"verdict"}});
  for (const core::Partition partition : part->partitions) {
    const auto archive = processors::read_archive(**blobs, **key, partition);
    if (!archive) return fail(console, answer_is_bad, archive.error().detail);
    for (const schemas::ArchiveManifest& chunk : *archive) {
      core::Result<void> holds;
      if (look == Look::verify) holds = processors::verify_chunk(**blobs, chunk);
      if (!holds) console.exit_code = answer_is_bad;
      const std::string good = look == Look::verify ? "good" : "signed";
      listing.add({processors::name_of(chunk), chunk.end.value(), chunk.newest, static_cast<std::int64_t>(chunk.bytes),
                   chunk.blob.value(), holds ? good : holds.error().detail});
    }
  }
  listing.print(console, flags.json, "chunks");
}

CLI::App& add(CLI::App& group, const char* name, const char* what, const std::shared_ptr<ArchiveFlags>& flags) {
  CLI::App& command = *group.add_subcommand(name, what);
  command.add_option("--partition", flags->partitions, "Only this partition; may be said again")->type_name("N");
  add_config_flags(command, flags->config);
  add_json_flag(command, flags->json);
  return command;
}

}  // namespace

void add_archive(CLI::App& app, Console& console) {
  CLI::App& group = *app.add_subcommand("archive", "Old records of the journal in the blob store");
  group.require_subcommand(1);
  group.footer(
      "With journal.archive the service archives by itself what is older than journal.retention_days, and trims it "
      "from\n"
      "the journal. Audit, replay and events read archive and journal as one.\n\n"
      "Examples:\n"
      "  brctl archive list --data /var/lib/batchrouter\n"
      "  brctl archive run --until 30d\n"
      "  brctl archive run --until 2026-01-01 --trim      (of an embedded log: while the service is stopped)\n"
      "  brctl archive verify");
  const auto run_flags = std::make_shared<ArchiveFlags>();
  CLI::App& run = add(group, "run", "Archives records, beside a running service or without one", run_flags);
  run.add_option("--until", run_flags->until, "Up to this record (3/1234) or time; default: all")
      ->type_name("PLACE|TIME");
  run.add_flag("--trim", run_flags->trim,
               "Then let the journal forget what is archived and below a snapshot; one is taken where there is none");
  run.callback([&console, run_flags] { run_archive(console, *run_flags); });
  const auto list_flags = std::make_shared<ArchiveFlags>();
  add(group, "list", "Shows the chunks", list_flags).callback([&console, list_flags] {
    look(console, *list_flags, Look::list);
  });
  const auto verify_flags = std::make_shared<ArchiveFlags>();
  add(group, "verify", "Reads them: signatures, digests, chains, and that none is missing", verify_flags)
      .callback([&console, verify_flags] { look(console, *verify_flags, Look::verify); });
}

}  // namespace ops::brctl
