// The operator's command line. Each group of subcommands is a file of this folder with a function add_<group>.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "ops/config.h"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace ops::brctl {

// What a subcommand works with, borrowed. It writes its answer to `out`, what went wrong to `errors`.
struct Console {
  const Environment& environment;
  std::ostream& out;
  std::ostream& errors;
  int exit_code = 0;
};

// `arguments` are those after the program's name. The exit code: 0, 1 when the answer is bad, 2 for wrong arguments.
int run(const std::vector<std::string>& arguments, const Environment& environment, std::ostream& out,
        std::ostream& errors);

// brctl config check | example | show. `app` must not outlive `console`.
void add_config(CLI::App& app, Console& console);

// brctl catalog show | versions | diff | use | import.
void add_catalog(CLI::App& app, Console& console);
void add_catalog_import(CLI::App& catalog, Console& console);

// brctl audit, brctl audit verify.
void add_audit(CLI::App& app, Console& console);

// brctl replay.
void add_replay(CLI::App& app, Console& console);

// brctl snapshot take | list | verify.
void add_snapshot(CLI::App& app, Console& console);

// brctl archive run | list | verify.
void add_archive(CLI::App& app, Console& console);

// brctl events tail | show | grep.
void add_events(CLI::App& app, Console& console);
void add_events_show(CLI::App& events, Console& console);

// Of what is going on: brctl batches, lanes, parked, webhooks, credits, org, doctor.
void add_batches(CLI::App& app, Console& console);
void add_lanes(CLI::App& app, Console& console);
void add_parked(CLI::App& app, Console& console);
void add_webhooks(CLI::App& app, Console& console);
void add_credits(CLI::App& app, Console& console);
void add_org(CLI::App& app, Console& console);
void add_doctor(CLI::App& app, Console& console);

// brctl ledger balances | entries | trial-balance | export.
void add_ledger(CLI::App& app, Console& console);

}  // namespace ops::brctl
