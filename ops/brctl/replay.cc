#include "processors/replay/replay.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>

#include "adapters/embedded_log/log_reader.h"
#include "adapters/rocksdb/state.h"
#include "api/json_text.h"
#include "ops/brctl/journal_part.h"
#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"
#include "ops/brctl/replay_compare.h"
#include "ops/brctl/run.h"
#include "ops/brctl/scratch_state.h"
#include "ops/brctl/source.h"
#include "processors/state_digest.h"

namespace ops::brctl {

namespace {

using adapters::rocksdb::RocksdbState;

struct ReplayFlags {
  ConfigFlags config;
  std::string into;
  std::string until;
  std::vector<std::uint32_t> partitions;
  std::size_t threads = 2;
  std::string compare;  // "" or a snapshot, where asked for
  bool json = false;
  bool progress = false;
};

// Which records, as the flags say.
core::Result<processors::ReplaySettings> settings_of(const ReplayFlags& flags, std::uint32_t partitions) {
  const auto part = journal_part(flags.partitions, flags.until, partitions);
  if (!part) return part.error();
  processors::ReplaySettings settings;
  settings.threads = flags.threads;
  settings.partitions = part->partitions;
  settings.until = part->until;
  if (part->end) settings.ends[part->partitions.front()] = *part->end;
  return settings;
}

// Of the whole log, to tell how long the rest will take; nothing where that is not known.
std::optional<std::uint64_t> bytes_to_read(const ReplayFlags& flags, Source& source) {
  if (!flags.partitions.empty() || !flags.until.empty() || source.log() == nullptr) return std::nullopt;
  const auto bytes = source.log()->bytes();
  return bytes && *bytes > 0 ? std::optional(*bytes) : std::nullopt;
}

// The files of an embedded log have the records of all partitions: a reading for each thread is less than one for each
// partition.
core::Result<std::vector<processors::ReplayedPartition>> replay_all(Source& source, processors::StateStore& state,
                                                                    const processors::ReplaySettings& settings,
                                                                    const processors::ReplayReport& report) {
  if (source.log() == nullptr || settings.partitions.size() <= settings.threads)
    return processors::replay(source.journal(), state, settings, report);
  std::vector<processors::ReadAll> readings;
  for (std::size_t i = 0; i < settings.threads; ++i) {
    readings.push_back([stream = std::shared_ptr<RecordStream>(source.records())](const processors::VisitAll& visit) {
      return stream->read_on(visit);
    });
  }
  return processors::replay(readings, state, settings, report);
}

void print(Console& console, const ReplayFlags& flags, const std::vector<processors::ReplayedPartition>& replayed,
           const processors::StateStore& state) {
  Listing listing({{"partition", Align::right},
                   {"events", Align::right},
                   {"next_offset", Align::right},
                   {"time"},
                   {"state_digest"}});
  for (const processors::ReplayedPartition& partition : replayed) {
    const auto digest = processors::digest_of_state(state, partition.partition);
    if (!digest) return fail(console, digest.error());
    const bool any = partition.position.next > core::Offset(0);
    listing.add({std::int64_t{partition.partition.value()}, static_cast<std::int64_t>(partition.events),
                 partition.position.next.value(), any ? Cell(partition.position.time) : Cell(),
                 digest->digest.value()});
  }
  listing.print(console, flags.json, "partitions");
}

void run_replay(Console& console, const ReplayFlags& flags, bool compare) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  const auto source = Source::open(*config);
  if (!source) return fail(console, source.error());
  auto settings = settings_of(flags, (*source)->partitions());
  if (!settings) return fail(console, settings.error());
  auto scratch = flags.into.empty() ? ScratchState::make((*source)->partitions())
                                    : ScratchState::make_in(flags.into, (*source)->partitions());
  if (!scratch) return fail(console, scratch.error());
  std::optional<Comparison> comparison;
  if (compare) {
    auto made = Comparison::begin(*config, **source, flags.compare, *settings);
    if (!made) return fail(console, made.error());
    comparison.emplace(std::move(*made));
  }
  const std::optional<std::uint64_t> bytes = bytes_to_read(flags, **source);
  Progress progress(console.errors, progress_shown(console, flags.progress), "replaying", "events");
  std::uint64_t events = 0;
  const auto report = [&](const processors::ReplayProgress& so_far) {
    events = so_far.events;
    std::optional<double> fraction;
    if (bytes) fraction = std::min(1.0, static_cast<double>(so_far.bytes) / static_cast<double>(*bytes));
    progress.update(so_far.events, fraction);
    return true;
  };
  const auto replayed = replay_all(**source, scratch->state(), *settings, report);
  progress.finish(events);
  if (!replayed) return fail(console, replayed.error());
  if (comparison) return comparison->print(console, flags.json, scratch->state());
  if (!flags.into.empty()) {
    if (const auto kept = scratch->state().flush(); !kept) return fail(console, kept.error());
  }
  print(console, flags, *replayed, scratch->state());
}

}  // namespace

void add_replay(CLI::App& app, Console& console) {
  CLI::App& command =
      *app.add_subcommand("replay", "Rebuilds state from the journal, as it is or as it was, and compares it");
  const auto flags = std::make_shared<ReplayFlags>();
  command.add_option("--into", flags->into, "Keep the state in this directory, which must be empty or not there")
      ->type_name("DIR");
  command.add_option("--until", flags->until, "Up to this record (3/1234), of its partition alone, or up to a time")
      ->type_name("PLACE|TIME");
  command.add_option("--partition", flags->partitions, "Only this partition; may be said again")->type_name("N");
  command.add_option("--threads", flags->threads, "Partitions that are replayed at one time")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  CLI::Option* const compare =
      command
          .add_option("--compare", flags->compare,
                      "Compare with the service's state on disk, or with a snapshot: its name or place (3/1234)")
          ->type_name("[SNAPSHOT]")
          ->expected(0, 1);
  add_config_flags(command, flags->config);
  add_json_flag(command, flags->json);
  add_progress_flag(command, flags->progress);
  command.footer(
      "Works beside a running service and changes nothing of it. The state that a service has on disk stands "
      "somewhere\n"
      "in the journal, a minute behind at most: it is compared with what the journal gives up to there.\n"
      "Exit code: 0 good, or the same; 1 another state: the first row that differs and the event that wrote it;\n"
      "2 wrong arguments, 3 could not read.\n\n"
      "Examples:\n"
      "  brctl replay --data /var/lib/batchrouter\n"
      "  brctl replay --compare --data /var/lib/batchrouter\n"
      "  brctl replay --compare snapshots/p00003/00000000000000001234\n"
      "  brctl replay --until 2026-11-22T18:00:00Z --into as_of_18h --json\n"
      "  brctl replay --until 3/1234");
  command.callback([&console, flags, compare] { run_replay(console, *flags, compare->count() > 0); });
}

}  // namespace ops::brctl
