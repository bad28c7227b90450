#include "processors/audit/audit.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>

#include "adapters/embedded_log/log_reader.h"
#include "adapters/files/files.h"
#include "adapters/signing/ed25519_signer.h"
#include "ops/brctl/audit_text.h"
#include "ops/brctl/journal_part.h"
#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"
#include "ops/brctl/run.h"
#include "ops/brctl/source.h"
#include "ops/checkpoints.h"
#include "ops/clock.h"
#include "ops/version.h"

namespace ops::brctl {

namespace {

namespace audit = processors::audit;
namespace embedded_log = adapters::embedded_log;
using adapters::signing::Ed25519Signer;
using adapters::signing::Ed25519Verifier;

struct AuditFlags {
  ConfigFlags config;
  std::vector<std::string> checkpoints;
  std::string key;
  std::string until;
  std::vector<std::uint32_t> partitions;
  std::string report;
  bool json = false;
  bool progress = false;
};

// What --key names, or the service's own.
std::filesystem::path key_file_of(const std::string& named, const Config& config) {
  return named.empty() ? adapters::signing::public_key_file(key_directory_of(config)) : std::filesystem::path(named);
}

// What was read of the checkpoints, and from where.
struct Known {
  audit::CheckpointFiles::ByPartition checkpoints;
  std::string from;
};

// A deployment that has a key has checkpoints: the service makes them before the key.
core::Result<Known> read_checkpoints(const AuditFlags& flags, const Config& config) {
  std::vector<std::string> directories = flags.checkpoints;
  if (directories.empty()) directories.push_back(checkpoint_directory_of(config));
  const std::filesystem::path key_file = key_file_of(flags.key, config);
  std::error_code error;
  const bool asked_for = !flags.key.empty() || !flags.checkpoints.empty();
  if (!asked_for && !std::filesystem::exists(key_file, error)) {
    if (!std::filesystem::exists(key_directory_of(config) + "/signing", error) &&
        (!std::filesystem::exists(directories.front(), error) || std::filesystem::is_empty(directories.front(), error)))
      return Known{};
    return core::Error{
        core::ErrorCode::storage_failed,
        key_file.string() + " is not there, and checkpoints were made: restore it, or name it with --key"};
  }
  const auto key = Ed25519Verifier::read(key_file);
  if (key.has_error()) return key.error();

  audit::CheckpointFiles reader(**key);
  Known known;
  std::vector<audit::Finding> missing;
  for (const std::string& directory : directories) {
    const auto files = read_checkpoint_files(directory);
    if (files.has_error()) return files.error();
    if (files->empty())
      missing.push_back({audit::Rule::checkpoints_missing,
                         {},
                         {},
                         {},
                         {},
                         directory + " has no checkpoints, and the service makes them as soon as it has a key"});
    reader.next_directory();
    for (const CheckpointFile& file : *files)
      reader.take_file(directory + "/" + file.name, file.text, &file == &files->back());
    known.from += (known.from.empty() ? "" : ", ") + directory;
  }
  known.checkpoints = std::move(reader).finish();
  for (audit::Finding& each : missing) known.checkpoints.findings.push_back(std::move(each));
  return known;
}

// Missing records are said by the audit itself, once for each stretch.
void take_damage(audit::Audit& audit, const embedded_log::Damage& damage) {
  audit::Finding finding{audit::Rule::damaged_bytes, damage.partition, damage.offset, {}, {}, {}};
  finding.detail = damage.file.filename().string() + " at byte " + std::to_string(damage.byte) + ": " + damage.what;
  audit.found(std::move(finding));
}

core::Result<void> read_journal(Source& source, audit::Audit& audit, Progress& progress) {
  std::uint64_t records = 0;
  std::optional<embedded_log::LogScan> scan;
  std::uint64_t bytes = 0;
  const auto visit = [&](core::Partition partition, const processors::StoredRecord& stored) {
    audit.take(partition, stored);
    if (++records % 256 != 0) return true;
    std::optional<double> fraction;
    if (scan && bytes > 0)
      fraction = std::min(1.0, static_cast<double>(scan->bytes_read()) / static_cast<double>(bytes));
    progress.update(audit.events(), fraction);
    return true;
  };
  if (source.log() == nullptr) return source.records()->read_on(visit);
  // What was trimmed from the log first. An archive that cannot be read leaves a gap, which is said as well.
  if (const auto archived = source.archived_records()->read_on(visit); archived.has_error())
    audit.found({audit::Rule::archive_damaged, {}, {}, {}, {}, archived.error().detail});
  if (const auto size = source.log()->bytes(); size.has_value()) bytes = *size;
  scan.emplace(source.log()->scan());
  return scan->read_on(visit, [&](const embedded_log::Damage& damage) { take_damage(audit, damage); });
}

core::Result<void> write_report(const std::string& file, const Config& config, const schemas::AuditReport& report) {
  const auto signer = Ed25519Signer::read(key_directory_of(config));
  if (signer.has_error()) return signer.error();
  schemas::SignedReport signed_report;
  signed_report.report = schemas::to_json(report);
  signed_report.key = (*signer)->key_id();
  signed_report.signature = (*signer)->sign(signed_report.report);
  return adapters::files::write_durably(file, schemas::to_json(signed_report) + "\n");
}

void run_audit(Console& console, const AuditFlags& flags) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  auto source = Source::open(*config);
  if (source.has_error()) return fail(console, source.error());
  audit::Options options;
  options.one_writer = (*source)->log() != nullptr;
  options.partition_count = (*source)->partitions();
  core::Result<JournalPart> part = journal_part(flags.partitions, flags.until, options.partition_count);
  if (part.has_error()) return fail(console, part.error());
  if (part->all) part->partitions.clear();
  options.until_offset = part->end;
  options.until_time = part->until;
  core::Result<Known> known = read_checkpoints(flags, *config);
  if (known.has_error()) return fail(console, could_not_look, known.error().detail);

  audit::Audit audit(options, std::move(known->checkpoints), std::move(part->partitions));
  Progress progress(console.errors, progress_shown(console, flags.progress), "auditing", "events");
  const core::Result<void> read = read_journal(**source, audit, progress);
  schemas::AuditReport report = audit.finish();
  progress.finish(report.events);
  if (read.has_error()) return fail(console, could_not_look, read.error().detail);
  report.program = "brctl " + std::string(version());
  report.made_at = now();
  report.source = (*source)->name();
  report.checkpoints = known->from;
  report.until = flags.until;
  console.out << (flags.json ? schemas::to_json(report) + "\n" : audit_text(report));
  if (!report.clean) console.exit_code = answer_is_bad;
  if (flags.report.empty()) return;
  if (const auto written = write_report(flags.report, *config, report); written.has_error())
    fail(console, could_not_look, written.error().detail);
}

struct VerifyFlags {
  ConfigFlags config;
  std::string file;
  std::string key;
  bool json = false;
};

void verify(Console& console, const VerifyFlags& flags) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return;
  const std::filesystem::path key_file = key_file_of(flags.key, *config);
  const auto key = Ed25519Verifier::read(key_file);
  if (key.has_error()) return fail(console, could_not_look, key.error().detail);
  const auto text = adapters::files::read_whole(flags.file);
  if (text.has_error()) return fail(console, could_not_look, text.error().detail);
  const auto signed_report = schemas::signed_report_from_json(*text);
  if (signed_report.has_error()) return fail(console, answer_is_bad, signed_report.error().detail);
  if (!(*key)->verify(signed_report->report, signed_report->signature))
    return fail(console, answer_is_bad,
                "the signature does not hold: the report was changed, or was signed with another key than " +
                    key_file.string());
  const auto report = schemas::audit_report_from_json(signed_report->report);
  if (report.has_error()) return fail(console, answer_is_bad, report.error().detail);
  if (flags.json)
    console.out << signed_report->report << '\n';
  else
    console.out << "The signature holds; key " << (*key)->key_id() << ".\n\n" << audit_text(*report);
}

void add_verify(CLI::App& command, Console& console) {
  CLI::App& verify_command =
      *command.add_subcommand("verify", "Says whether a report is as it was signed, and shows it");
  const auto flags = std::make_shared<VerifyFlags>();
  verify_command.add_option("FILE", flags->file, "The report, of --report")->required()->type_name("");
  verify_command.add_option("--key", flags->key, "The public key; default: keys/signing.pub of the service")
      ->type_name("FILE");
  add_config_flags(verify_command, flags->config);
  add_json_flag(verify_command, flags->json);
  verify_command.footer("Example:\n  brctl audit verify audit-2026-11.json --key signing.pub");
  verify_command.callback([&console, flags] { verify(console, *flags); });
}

}  // namespace

void add_audit(CLI::App& app, Console& console) {
  CLI::App& command =
      *app.add_subcommand("audit", "Reads the journal from its beginning and checks all that can be checked of it");
  const auto flags = std::make_shared<AuditFlags>();
  command
      .add_option("--checkpoints", flags->checkpoints,
                  "Directory of checkpoints, one for each node; default: that of the service")
      ->type_name("DIR");
  command.add_option("--key", flags->key, "The public key; default: keys/signing.pub of the service")
      ->type_name("FILE");
  command.add_option("--until", flags->until, "Read up to this record (3/1234) or time, and no further")
      ->type_name("PLACE|TIME");
  command.add_option("--partition", flags->partitions, "Only this partition; may be said again")->type_name("N");
  command.add_option("--report", flags->report, "Write a signed report to this file as well")->type_name("FILE");
  add_config_flags(command, flags->config);
  add_json_flag(command, flags->json);
  add_progress_flag(command, flags->progress);
  command.footer(
      "Checks the chain and the owners of every record, every rule of the ledger, of quotes, batches and webhooks at\n"
      "every step, captures against what units were charged, what providers cost against what was earned, and the\n"
      "checkpoints that the service signs every minute. Each finding names its place: partition/offset.event.\n"
      "Exit code: 0 clean, 1 findings, 2 wrong arguments, 3 could not read.\n\n"
      "Examples:\n"
      "  brctl audit --data /var/lib/batchrouter\n"
      "  brctl audit --data copy --checkpoints /backup/checkpoints --key signing.pub --report audit.json\n"
      "  brctl audit --config batchrouter.toml --until 2026-11-22T18:00:00Z --json");
  command.require_subcommand(0, 1);
  add_verify(command, console);
  command.callback([&console, flags, &command] {
    if (command.get_subcommands().empty()) run_audit(console, *flags);
  });
}

}  // namespace ops::brctl
