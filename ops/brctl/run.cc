#include "ops/brctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "ops/brctl/output.h"
#include "ops/version.h"

namespace ops::brctl {

int run(const std::vector<std::string>& arguments, const Environment& environment, std::ostream& out,
        std::ostream& errors) {
  Console console{.environment = environment, .out = out, .errors = errors};
  CLI::App app("brctl: looks after a batchrouter.", "brctl");
  app.set_version_flag("--version", "brctl " + std::string(version()));
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  brctl config check batchrouter.toml\n"
      "  brctl config show --config batchrouter.toml --port 9000\n"
      "  brctl config show --help\n"
      "  brctl catalog import openai.json --dry-run\n"
      "  brctl audit --data /var/lib/batchrouter\n"
      "  brctl replay --compare --data /var/lib/batchrouter\n"
      "  brctl events tail -f --type 'batch.*'\n"
      "  brctl events show bat_01ks5zr9c4m2xw8q6v3n7d0hjt");
  add_config(app, console);
  add_catalog(app, console);
  add_audit(app, console);
  add_events(app, console);
  add_replay(app, console);
  add_snapshot(app, console);
  add_archive(app, console);
  add_batches(app, console);
  add_lanes(app, console);
  add_parked(app, console);
  add_webhooks(app, console);
  add_credits(app, console);
  add_org(app, console);
  add_doctor(app, console);
  add_ledger(app, console);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, errors) == 0 ? 0 : wrong_arguments;
  }
  return console.exit_code;
}

}  // namespace ops::brctl
