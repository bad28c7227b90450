// The subcommands of `brctl ledger`, each in a file of its own.
#pragma once

#include "ops/brctl/ledger_reading.h"

namespace ops::brctl {

void show_balances(Console& console, const LedgerOptions& options);
void show_entries(Console& console, const LedgerOptions& options);
void show_trial_balance(Console& console, const LedgerOptions& options);

enum class ExportTable { postings, quotes, batches };
enum class ExportFormat { csv, jsonl };

struct ExportOptions {
  LedgerOptions ledger;
  ExportTable table = ExportTable::postings;
  ExportFormat format = ExportFormat::csv;
  std::string output;  // a file; empty: the console
};
void export_ledger(Console& console, const ExportOptions& options);

}  // namespace ops::brctl
