#include "schemas/catalog.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "adapters/catalog_store/catalog_store.h"
#include "ops/brctl/catalog_text.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "ops/config_load.h"

namespace ops::brctl {

namespace {

using adapters::catalog_store::CatalogStore;

struct Options {
  ConfigFlags flags;
  std::string version;
  std::string other_version;
  bool json = false;
};

void fail(Console& console, const core::Error& error) {
  console.errors << error.detail << '\n';
  console.exit_code = 1;
}

// The current one when no version is named.
core::Result<core::Catalog> load(const CatalogStore& store, const std::string& version) {
  return version.empty() ? store.load_current() : store.load(version);
}

void show(Console& console, const CatalogStore& store, const Options& options) {
  const auto catalog = load(store, options.version);
  if (!catalog) return fail(console, catalog.error());
  if (options.json) {
    console.out << schemas::catalog_to_json(*catalog);
    return;
  }
  console.out << "version " << catalog->version() << ", USD per million tokens\n\n" << price_table(*catalog);
}

void list_versions(Console& console, const CatalogStore& store, const Options& options) {
  const auto current = store.current_version();
  if (!current) return fail(console, current.error());
  const auto versions = store.versions();
  if (!versions) return fail(console, versions.error());
  const std::string built_in = schemas::built_in_catalog().version();
  if (options.json) {
    api::JsonText json;
    json.text("current", *current).text("built_in", built_in).array("versions");
    for (const std::string& version : *versions) json.element(std::string_view(version));
    json.end_array();
    console.out << std::move(json).finish() << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"VERSION", "", ""}};
  for (const std::string& version : *versions)
    rows.push_back({version, version == *current ? "current" : "", version == built_in ? "built in" : ""});
  console.out << render_table(rows);
}

// The offerings of `catalog` that `other` does not have.
std::vector<core::Offering> offerings_only_in(const core::Catalog& catalog, const core::Catalog& other) {
  std::vector<core::Offering> all;
  for (const core::Offering& offering : catalog.offerings()) {
    const auto& indices = other.offerings_of(offering.model);
    const bool sold = std::any_of(indices.begin(), indices.end(), [&](std::size_t index) {
      const core::Offering& candidate = other.offerings()[index];
      return candidate.provider == offering.provider && candidate.mode == offering.mode;
    });
    if (!sold) all.push_back(offering);
  }
  return all;
}

void diff(Console& console, const CatalogStore& store, const Options& options) {
  const auto from = store.load(options.version);
  if (!from) return fail(console, from.error());
  const auto to = store.load(options.other_version);
  if (!to) return fail(console, to.error());
  const auto changes = schemas::price_lists::price_changes(*from, *to);
  const auto removed = offerings_only_in(*from, *to);
  const auto added = offerings_only_in(*to, *from);
  if (options.json) {
    api::JsonText json;
    json.text("from", from->version()).text("to", to->version());
    write_changes(json, changes);
    write_offerings(json, "added", added);
    write_offerings(json, "removed", removed);
    console.out << std::move(json).finish() << '\n';
    return;
  }
  if (!changes.empty()) console.out << change_table(changes) << '\n';
  for (const core::Offering& offering : added) console.out << "added: " << name_of(offering) << '\n';
  for (const core::Offering& offering : removed) console.out << "removed: " << name_of(offering) << '\n';
  console.out << counted(changes.size(), "offering") << " at another price\n";
}

void use(Console& console, CatalogStore& store, const Options& options) {
  if (auto used = store.use(options.version); !used) return fail(console, used.error());
  if (options.json) {
    console.out << std::move(api::JsonText().text("current", options.version)).finish() << '\n';
    return;
  }
  console.out << "version " << options.version << " is current; a service sells by it from its next start on\n";
}

// A subcommand that works on the catalogs of a data directory.
template <class Action>
CLI::App& add_command(CLI::App& catalog, Console& console, const std::string& name, const std::string& description,
                      Action action, const std::shared_ptr<Options>& options) {
  CLI::App& command = *catalog.add_subcommand(name, description);
  command.add_flag("--json", options->json, "As JSON");
  add_config_flags(command, options->flags);
  command.callback([&console, options, action] {
    const auto effective = load_effective_config(options->flags, console.environment);
    if (!effective) return fail(console, effective.error());
    CatalogStore store(catalog_directory_of(effective->config));
    action(console, store, *options);
  });
  return command;
}

}  // namespace

void add_catalog(CLI::App& app, Console& console) {
  CLI::App& catalog = *app.add_subcommand("catalog", "What is sold, and at what prices");
  catalog.require_subcommand(1);
  catalog.footer(
      "A service sells by the version that was current when it was started. A quote keeps the prices that it was made\n"
      "with, whatever comes after it.");

  const auto of_show = std::make_shared<Options>();
  CLI::App& show_command = add_command(catalog, console, "show", "The prices of a version", show, of_show);
  show_command.add_option("VERSION", of_show->version, "The current one unless given")->type_name("");
  show_command.footer("Examples:\n  brctl catalog show\n  brctl catalog show 2026-11-22 --json > catalog.json");

  const auto of_versions = std::make_shared<Options>();
  CLI::App& versions_command =
      add_command(catalog, console, "versions", "All versions, and which is current", list_versions, of_versions);
  versions_command.footer("Example:\n  brctl catalog versions --data /var/lib/batchrouter");

  const auto of_diff = std::make_shared<Options>();
  CLI::App& diff_command = add_command(catalog, console, "diff", "What changes between two versions", diff, of_diff);
  diff_command.add_option("A", of_diff->version, "The version before")->required()->type_name("");
  diff_command.add_option("B", of_diff->other_version, "The version after")->required()->type_name("");
  diff_command.footer("Example:\n  brctl catalog diff 2026-11-22 2026-11-22.2");

  const auto of_use = std::make_shared<Options>();
  CLI::App& use_command = add_command(catalog, console, "use", "Makes a version the current one", use, of_use);
  use_command.add_option("VERSION", of_use->version, "One of 'brctl catalog versions'")->required()->type_name("");
  use_command.footer("To go back after an import, too.\n\nExample:\n  brctl catalog use 2026-11-22");

  add_catalog_import(catalog, console);
}

}  // namespace ops::brctl
