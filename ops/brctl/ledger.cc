#include "ops/brctl/ledger.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"

namespace ops::brctl {

namespace {

void add_ledger_options(CLI::App& command, LedgerOptions& options) {
  command.add_option("--org", options.org, "Of this organisation only; reads one partition")->type_name("ORG");
  add_progress_flag(command, options.progress);
  add_config_flags(command, options.flags);
}

void add_period(CLI::App& command, LedgerOptions& options) {
  command.add_option("--from", options.from, "From this time on: 2026-11-22, 2026-11-22T18:00:00Z, 7d (ago)")
      ->type_name("TIME");
  command.add_option("--to", options.to, "And before this one")->type_name("TIME");
}

// A subcommand that answers with a listing.
CLI::App& add_report(CLI::App& ledger, Console& console, const std::string& name, const std::string& description,
                     void (*show)(Console&, const LedgerOptions&), const std::shared_ptr<LedgerOptions>& options) {
  CLI::App& command = *ledger.add_subcommand(name, description);
  add_ledger_options(command, *options);
  add_json_flag(command, options->json);
  command.callback([&console, options, show] { show(console, *options); });
  return command;
}

void add_export(CLI::App& ledger, Console& console) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& command = *ledger.add_subcommand("export", "Postings, quotes or batches, for a database or a spreadsheet");
  const std::map<std::string, ExportTable> tables{
      {"postings", ExportTable::postings}, {"quotes", ExportTable::quotes}, {"batches", ExportTable::batches}};
  const std::map<std::string, ExportFormat> formats{{"csv", ExportFormat::csv}, {"jsonl", ExportFormat::jsonl}};
  command.add_option("--table", options->table, "postings (each transfer is two), quotes or batches")
      ->transform(CLI::CheckedTransformer(tables))
      ->type_name("TABLE");
  command.add_option("--format", options->format, "csv or jsonl")
      ->transform(CLI::CheckedTransformer(formats))
      ->type_name("FORMAT");
  command.add_option("--output", options->output, "Into this file, which is there whole or not at all")
      ->type_name("FILE");
  add_period(command, options->ledger);
  add_ledger_options(command, options->ledger);
  command.footer(
      "The columns are the members of the public topics' records (docs/analytics.md); CSV has the exact decimal of\n"
      "each amount beside it. A batch belongs to the time at which it was accepted.\n\n"
      "Examples:\n"
      "  brctl ledger export --output postings.csv\n"
      "  brctl ledger export --table batches --from 2026-11-01 --to 2026-12-01 --format jsonl | jq .status");
  command.callback([&console, options] { export_ledger(console, *options); });
}

}  // namespace

void add_ledger(CLI::App& app, Console& console) {
  CLI::App& ledger = *app.add_subcommand("ledger", "Who has how much, and how it came to be, from the journal itself");
  ledger.require_subcommand(1);
  ledger.footer("Reads the journal from its beginning: beside a running service, without one, or on a Kafka cluster.");

  const auto of_balances = std::make_shared<LedgerOptions>();
  CLI::App& balances = add_report(ledger, console, "balances", "The balance of each account, now or as of a time",
                                  show_balances, of_balances);
  balances.add_option("--as-of", of_balances->to, "With what was posted before this time")->type_name("TIME");
  balances.footer(
      "Examples:\n  brctl ledger balances --org org_01hzy3v8e2m4k6n8p0q2r4s6t8\n"
      "  brctl ledger balances --as-of 2026-11-01 --json");

  const auto of_entries = std::make_shared<LedgerOptions>();
  CLI::App& entries = add_report(ledger, console, "entries", "Every transfer, a line each (--json: JSON Lines)",
                                 show_entries, of_entries);
  add_period(entries, *of_entries);
  entries.footer("Example:\n  brctl ledger entries --org org_01hzy3v8e2m4k6n8p0q2r4s6t8 --from 7d");

  const auto of_trial = std::make_shared<LedgerOptions>();
  CLI::App& trial = add_report(ledger, console, "trial-balance",
                               "Debits and credits of each account; they must be equal", show_trial_balance, of_trial);
  add_period(trial, *of_trial);
  trial.footer(
      "Exit code 1 when the books do not balance, or an account of a customer has been overdrawn.\n\n"
      "Example:\n  brctl ledger trial-balance --from 2026-11-01 --to 2026-12-01");

  add_export(ledger, console);
}

}  // namespace ops::brctl
