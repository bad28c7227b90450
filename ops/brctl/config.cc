#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "ops/brctl/run.h"
#include "ops/config_keys.h"
#include "ops/config_load.h"

namespace ops::brctl {

namespace {

void fail(Console& console, const core::Error& error) {
  console.errors << error.detail << '\n';
  console.exit_code = 1;
}

void check(Console& console, const std::string& file) {
  ConfigFlags flags;
  flags.file = file;
  const core::Result<EffectiveConfig> effective = load_effective_config(flags, {});
  if (!effective) return fail(console, effective.error());
  console.out << file << ": good\n";
}

void show(Console& console, const ConfigFlags& flags) {
  const core::Result<EffectiveConfig> effective = load_effective_config(flags, console.environment);
  if (!effective) return fail(console, effective.error());
  console.out << to_toml(*effective);
}

}  // namespace

void add_config(CLI::App& app, Console& console) {
  CLI::App& config = *app.add_subcommand("config", "The settings of the service");
  config.require_subcommand(1);

  CLI::App& check_command = *config.add_subcommand("check", "Says what is wrong with a file of settings");
  const auto file = std::make_shared<std::string>();
  check_command.add_option("FILE", *file, "The file, in TOML")->required()->type_name("");
  check_command.footer("Looks at the file and the defaults only.\n\nExample:\n  brctl config check batchrouter.toml");
  check_command.callback([&console, file] { check(console, *file); });

  CLI::App& example_command = *config.add_subcommand("example", "Writes a file with all settings, explained");
  example_command.footer("Example:\n  brctl config example > batchrouter.toml");
  example_command.callback([&console] { console.out << example_file(); });

  CLI::App& show_command = *config.add_subcommand("show", "What the service would use, and where each value is from");
  const auto flags = std::make_shared<ConfigFlags>();
  add_config_flags(show_command, *flags);
  show_command.footer(
      "Takes the flags and the environment that the service is started with.\n\n"
      "Example:\n  BATCHROUTER_HTTP_PORT=9000 brctl config show --config batchrouter.toml");
  show_command.callback([&console, flags] { show(console, *flags); });
}

}  // namespace ops::brctl
