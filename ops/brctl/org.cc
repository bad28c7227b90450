// brctl org show | erase. Names and addresses are sealed: they are not shown, and an erasure makes them unreadable.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "api/json_text.h"
#include "api/operator_answers.h"
#include "ops/brctl/live_rows.h"
#include "ops/brctl/operator_client.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"

namespace ops::brctl {

namespace {

using core::identity::Org;

struct Options {
  NodeFlags node;
  OrderFlags order;
  std::string org;
  bool yes = false;
  bool json = false;
};

// What is known of an org that is not sealed.
struct Summary {
  Org org;
  core::Money available;
  core::Money reserved;
  core::ledger::Book book;
  std::uint32_t batches = 0;
  std::uint32_t quotes = 0;
  bool erasing = false;  // erased, and its data is still being removed
};

core::Result<core::Money> balance_of(const processors::StateReader& reader, const core::AggregateKey& aggregate,
                                     const core::AccountId& account) {
  const auto row = reader.find<core::ledger::Account>(aggregate, {account});
  if (row.has_error()) return row.error();
  return *row ? (*row)->balance : core::Money{};
}

core::Result<Summary> summarize(const LiveRows& rows, const core::OrgId& id) {
  const core::AggregateKey aggregate = core::aggregate_of(id);
  const auto org = rows.reader().find<Org>(aggregate, {id});
  if (org.has_error()) return org.error();
  if (!*org) return core::Error{core::ErrorCode::not_found, "there is no organization " + id.value()};
  Summary summary;
  summary.org = **org;
  const auto available = balance_of(rows.reader(), aggregate, core::ledger::available(id));
  if (available.has_error()) return available.error();
  const auto reserved = balance_of(rows.reader(), aggregate, core::ledger::reserved(id));
  if (reserved.has_error()) return reserved.error();
  summary.available = *available;
  summary.reserved = *reserved;
  const auto book = rows.reader().find<core::ledger::Book>(aggregate, {id});
  if (book.has_error()) return book.error();
  if (*book) summary.book = **book;
  const auto batches = rows.each<core::batch::Batch>(id, [&](const core::batch::Batch&) { ++summary.batches; });
  if (batches.has_error()) return batches.error();
  const auto quotes = rows.each<core::quote::Quote>(id, [&](const core::quote::Quote&) { ++summary.quotes; });
  if (quotes.has_error()) return quotes.error();
  const auto effect = rows.reader().find<core::Outstanding>(aggregate, {core::key_of(core::EraseOrgData{id})});
  if (effect.has_error()) return effect.error();
  summary.erasing = effect->has_value();
  return summary;
}

std::string_view status_of(const Summary& summary) {
  if (summary.erasing) return "being erased";
  if (summary.org.erased_at) return "erased";
  return summary.org.verified_at ? "verified" : "not verified";
}

void show_json(Console& console, const Summary& summary) {
  api::JsonText json;
  json.text("org", summary.org.id.value()).text("status", status_of(summary));
  json.text("kind", summary.org.kind == core::identity::AccountKind::agent ? "agent" : "customer");
  json.time("created_at", summary.org.created_at).time_or_null("verified_at", summary.org.verified_at);
  json.time_or_null("erased_at", summary.org.erased_at).number("api_keys_active", summary.org.api_keys_active);
  json.number("batches", summary.batches).number("open_batches", summary.org.open_batches);
  json.number("quotes", summary.quotes).money("available", summary.available).money("reserved", summary.reserved);
  json.money("granted", summary.book.granted).money("topped_up", summary.book.topped_up);
  json.money("captured", summary.book.captured).money("owed", summary.book.owed);
  json.number("ledger_entries", summary.book.entries);
  console.out << std::move(json).finish() << '\n';
}

void show_org(Console& console, const Options& options) {
  const core::OrgId id(options.org);
  const auto rows = LiveRows::open(console, options.node.config, id);
  if (!rows) return;
  const core::Result<Summary> summary = summarize(*rows, id);
  if (summary.has_error()) return fail(console, summary.error());
  if (options.json) return show_json(console, *summary);
  const Org& org = summary->org;
  const auto usd = [](core::Money money) { return core::to_decimal(money) + " USD"; };
  std::vector<std::vector<std::string>> lines = {
      {"org", org.id.value()},
      {"status", std::string(status_of(*summary))},
      {"created", time_text(org.created_at)},
  };
  if (org.erased_at) lines.push_back({"erased", time_text(*org.erased_at)});
  lines.push_back({"API keys", std::to_string(org.api_keys_active) + " active"});
  lines.push_back({"batches", grouped(summary->batches) + ", " + grouped(org.open_batches) + " of them open"});
  lines.push_back({"quotes", grouped(summary->quotes)});
  lines.push_back({"available", usd(summary->available)});
  lines.push_back({"reserved", usd(summary->reserved)});
  lines.push_back({"granted", usd(summary->book.granted)});
  lines.push_back({"topped up", usd(summary->book.topped_up)});
  lines.push_back({"spent", usd(summary->book.captured)});
  console.out << render_table(lines);
}

void erase_org(Console& console, const Options& options) {
  const core::Result<std::string> ordered_by = operator_of(console, options.order);
  if (ordered_by.has_error()) return fail(console, ordered_by.error());
  const std::optional<Config> config = config_of(console, options.node.config);
  if (!config) return;
  core::Result<OperatorClient> client = OperatorClient::open(*config, options.node.url);
  if (client.has_error()) return fail(console, client.error());
  const std::string question = "This erases " + options.org +
                               " for good: nobody gets in, its prompts, results and names are gone; its books stay.";
  if (!options.yes && !agreed(console, question)) {
    console.exit_code = wrong_arguments;
    return;
  }
  api::JsonText body;
  body.text("reason", options.order.reason).text("operator", *ordered_by);
  const core::Result<std::string> answer = client->post("orgs/" + options.org + "/erase", std::move(body).finish());
  if (answer.has_error()) return fail_order(console, answer.error());
  const core::Result<bool> replayed = api::read_replayed(*answer);
  if (replayed.has_error()) return fail(console, replayed.error());
  if (options.json) {
    console.out << *answer << '\n';
    return;
  }
  console.out << options.org << (*replayed ? " was erased before\n" : " is erased\n")
              << "'brctl org show' says when the last of its data is gone; backups of the keys still have its key\n";
}

}  // namespace

void add_org(CLI::App& app, Console& console) {
  CLI::App& org = *app.add_subcommand("org", "One organization");
  org.require_subcommand(1);

  const auto of_show = std::make_shared<Options>();
  CLI::App& show = *org.add_subcommand("show", "What is known of it; nothing personal");
  show.add_option("ORG", of_show->org, "Its id")->required()->type_name("");
  add_json_flag(show, of_show->json);
  add_config_flags(show, of_show->node.config);
  show.footer("Example:\n  brctl org show org_01…");
  show.callback([&console, of_show] { show_org(console, *of_show); });

  const auto of_erase = std::make_shared<Options>();
  CLI::App& erase = *org.add_subcommand("erase", "Destroys its key and its payloads; its books stay as they are");
  erase.add_option("ORG", of_erase->org, "Its id")->required()->type_name("");
  erase.add_flag("--yes", of_erase->yes, "Do not ask");
  add_order_flags(erase, of_erase->order);
  add_json_flag(erase, of_erase->json);
  add_node_flags(erase, of_erase->node);
  erase.footer(
      "Refused while it has batches that have not ended. There is no way back.\n\n"
      "Example:\n  brctl org erase org_01… --reason 'asked for by the customer, ticket 4711' --yes");
  erase.callback([&console, of_erase] { erase_org(console, *of_erase); });
}

}  // namespace ops::brctl
