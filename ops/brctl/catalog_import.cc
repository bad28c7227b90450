#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>

#include "adapters/catalog_store/catalog_store.h"
#include "adapters/files/files.h"
#include "ops/brctl/catalog_text.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "ops/clock.h"
#include "ops/config_load.h"
#include "schemas/catalog.h"
#include "schemas/price_lists/price_list.h"
#include "schemas/rfc3339.h"

namespace ops::brctl {

namespace {

using adapters::catalog_store::CatalogStore;
using schemas::price_lists::Comparison;
using schemas::price_lists::Format;
using schemas::price_lists::PriceList;

struct Options {
  ConfigFlags flags;
  std::vector<std::string> files;
  std::string provider;
  bool dry_run = false;
  bool yes = false;
  bool verbose = false;
  bool json = false;
};

enum class Outcome { written, nothing_changes, dry_run, to_be_looked_at };

struct Import {
  std::string base;
  Comparison comparison;
  Outcome outcome = Outcome::written;
  std::string version;  // the new one, once it is written
};

// "openai" of "openai.json" and of "portkey-openai.json".
std::string provider_of_file(const std::filesystem::path& path) {
  constexpr std::string_view prefix = "portkey-";
  const std::string stem = path.stem().string();
  return stem.starts_with(prefix) ? stem.substr(prefix.size()) : stem;
}

core::Error about_file(const std::string& file, const core::Error& error) {
  return {error.code, file + ": " + error.detail};
}

core::Result<std::string> read_file(const std::string& file) {
  auto opened = adapters::files::open(file, O_RDONLY);
  if (!opened) return opened.error();
  const auto size = adapters::files::size_of(*opened, file);
  if (!size) return size.error();
  if (*size > schemas::price_lists::list_bytes_max)
    return core::Error{core::ErrorCode::payload_too_large, file + ": larger than 64 MiB, and no price list"};
  return adapters::files::read_at(*opened, 0, static_cast<std::size_t>(*size), file);
}

core::Result<PriceList> read_list(const std::string& file, const Options& options, const core::Catalog& catalog) {
  const auto json = read_file(file);
  if (!json) return json.error();
  const std::string provider = options.provider.empty() ? provider_of_file(file) : options.provider;
  auto list = schemas::price_lists::read_price_list(*json, provider, now());
  if (!list) return about_file(file, list.error());
  if (list->format == Format::portkey &&
      catalog.provider(schemas::price_lists::catalog_provider(provider)) == nullptr) {
    return core::Error{core::ErrorCode::invalid_request,
                       file + ": the prices of one provider, and \"" + provider +
                           "\" is none of the catalog's; say whose they are with --provider"};
  }
  if (list->format != Format::portkey && !options.provider.empty())
    return core::Error{core::ErrorCode::invalid_request,
                       file + ": this list names its providers itself; leave --provider out"};
  return list;
}

core::Result<Comparison> read_and_compare(const core::Catalog& catalog, const Options& options) {
  std::vector<PriceList> lists;
  for (const std::string& file : options.files) {
    auto list = read_list(file, options, catalog);
    if (!list) return list.error();
    lists.push_back(*std::move(list));
  }
  return schemas::price_lists::compare(catalog, lists);
}

bool moves_much(const Comparison& comparison) {
  return std::any_of(comparison.changes.begin(), comparison.changes.end(),
                     [](const auto& change) { return change.large; });
}

Outcome outcome_of(const Comparison& comparison, const Options& options) {
  if (!options.yes && (moves_much(comparison) || !comparison.refusals.empty())) return Outcome::to_be_looked_at;
  if (comparison.changes.empty()) return Outcome::nothing_changes;
  return options.dry_run ? Outcome::dry_run : Outcome::written;
}

// Empty when something is written.
std::string why_not(const Import& import) {
  switch (import.outcome) {
    case Outcome::written: return "";
    case Outcome::nothing_changes: return "no price changes";
    case Outcome::dry_run: return "this is a dry run";
    case Outcome::to_be_looked_at:
      return moves_much(import.comparison)
                 ? "prices move by more than a factor of three; have a look, and say --yes to import them"
                 : "prices are refused; have a look, and say --yes to import the others";
  }
  return "";
}

core::Result<std::string> write_version(CatalogStore& store, const core::Catalog& base, const Comparison& comparison) {
  constexpr std::size_t day_length = std::string_view("2026-11-22").size();
  auto version = store.next_version(schemas::to_rfc3339(now()).substr(0, day_length));
  if (!version) return version;
  const core::Catalog catalog = schemas::price_lists::with_prices(base, comparison.changes, *version);
  if (auto added = store.add(schemas::catalog_to_json(catalog)); !added) return added.error();
  if (auto used = store.use(*version); !used) return used.error();
  return version;
}

void print_json(Console& console, const Import& import, const Options& options) {
  const Comparison& comparison = import.comparison;
  api::JsonText json;
  json.text("base", import.base).text_or_null("version", import.version);
  json.text_or_null("not_written_because", why_not(import));
  write_changes(json, comparison.changes);
  write_refusals(json, comparison.refusals);
  json.number("unchanged", comparison.unchanged);
  write_offerings(json, "not_listed", comparison.not_listed);
  json.number("not_in_the_catalog", comparison.not_in_the_catalog.size());
  if (options.verbose) {
    json.array("not_in_the_catalog_names");
    for (const std::string& name : comparison.not_in_the_catalog) json.element(std::string_view(name));
    json.end_array();
  }
  console.out << std::move(json).finish() << '\n';
}

void print_text(Console& console, const Import& import, const Options& options) {
  const Comparison& comparison = import.comparison;
  if (!comparison.changes.empty()) console.out << change_table(comparison.changes) << '\n';
  for (const auto& refusal : comparison.refusals)
    console.out << "refused: " << name_of(refusal.offering) << ": " << refusal.reason << '\n';
  console.out << counted(comparison.changes.size(), "offering") << " at another price (USD per million tokens), "
              << grouped(comparison.unchanged) << " as before, " << grouped(comparison.refusals.size()) << " refused\n";
  console.out << counted(comparison.not_listed.size(), "offering") << " of the catalog not in the lists, "
              << counted(comparison.not_in_the_catalog.size(), "model") << " of the lists not in the catalog"
              << (options.verbose ? "" : " (--verbose names them)") << "; nothing is added\n";
  if (options.verbose) {
    for (const core::Offering& offering : comparison.not_listed)
      console.out << "not in the lists: " << name_of(offering) << '\n';
    for (const std::string& name : comparison.not_in_the_catalog) console.out << "not in the catalog: " << name << '\n';
  }
  if (import.outcome == Outcome::written) {
    console.out << "version " << import.version << " is current; a service sells by it from its next start on. Back: "
                << "brctl catalog use " << import.base << '\n';
  }
}

void fail(Console& console, const core::Error& error) {
  console.errors << error.detail << '\n';
  console.exit_code = 1;
}

void import_lists(Console& console, const Options& options) {
  if (!options.provider.empty() && options.files.size() > 1)
    return fail(console, {core::ErrorCode::invalid_request, "--provider goes with one file"});
  const auto effective = load_effective_config(options.flags, console.environment);
  if (!effective) return fail(console, effective.error());
  CatalogStore store(catalog_directory_of(effective->config));
  const auto base = store.load_current();
  if (!base) return fail(console, base.error());
  auto comparison = read_and_compare(*base, options);
  if (!comparison) return fail(console, comparison.error());

  Import import{base->version(), *std::move(comparison), Outcome::written, ""};
  import.outcome = outcome_of(import.comparison, options);
  if (import.outcome == Outcome::written) {
    auto version = write_version(store, *base, import.comparison);
    if (!version) return fail(console, version.error());
    import.version = *std::move(version);
  }
  options.json ? print_json(console, import, options) : print_text(console, import, options);
  if (import.outcome != Outcome::written) console.errors << "nothing is written: " << why_not(import) << '\n';
  if (import.outcome == Outcome::to_be_looked_at) console.exit_code = 1;
}

}  // namespace

void add_catalog_import(CLI::App& catalog, Console& console) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *catalog.add_subcommand("import", "Takes prices from public price lists, as a new version");
  command.add_option("FILE", options->files, "Lists as downloaded; of several that tell a price the last counts")
      ->required()
      ->type_name("");
  command.add_option("--provider", options->provider, "Whose prices a Portkey file has, unless its name says so")
      ->type_name("");
  command.add_flag("--dry-run", options->dry_run, "Shows what would change, writes nothing");
  command.add_flag("--yes", options->yes, "Also when prices move by more than a factor of three, or are refused");
  command.add_flag("--verbose", options->verbose, "Names what was not matched");
  command.add_flag("--json", options->json, "As JSON");
  add_config_flags(command, options->flags);
  command.footer(
      "Reads the v2 JSON of github.com/pydantic/genai-prices, and pricing/<provider>.json of\n"
      "github.com/Portkey-AI/models. Prices of what the catalog sells change; nothing is added to it. Prices that\n"
      "cannot be right (negative, nothing where it was something, batch dearer than sync) are refused and stay as "
      "they\n"
      "are. Exit code 1: nothing was written because something has to be looked at first.\n\n"
      "Examples:\n"
      "  brctl catalog import genai-prices-v2.json --dry-run\n"
      "  brctl catalog import openai.json anthropic.json --data /var/lib/batchrouter\n"
      "  brctl catalog import prices.json --provider fireworks --yes --json");
  command.callback([&console, options] { import_lists(console, *options); });
}

}  // namespace ops::brctl
