// brctl credits grant | adjust: an org's balance changed by hand, once, with a reason and a name in the books.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "adapters/random/random.h"
#include "api/json_text.h"
#include "api/operator_answers.h"
#include "ops/brctl/operator_client.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/clock.h"

namespace ops::brctl {

namespace {

struct Options {
  NodeFlags node;
  OrderFlags order;
  std::string org;
  std::string amount;
  std::optional<std::string> id;
  bool json = false;
};

std::string made_id() {
  return adapters::random::make_ulid(now());
}

void change_credits(Console& console, const Options& options, const std::string& kind) {
  const core::Result<core::Money> amount = core::money_from_decimal(options.amount);
  if (amount.has_error()) return fail(console, wrong_arguments, "AMOUNT: " + amount.error().detail);
  const core::Result<std::string> ordered_by = operator_of(console, options.order);
  if (ordered_by.has_error()) return fail(console, ordered_by.error());
  const std::optional<Config> config = config_of(console, options.node.config);
  if (!config) return;
  core::Result<OperatorClient> client = OperatorClient::open(*config, options.node.url);
  if (client.has_error()) return fail(console, client.error());

  const std::string id = options.id.value_or(made_id());
  api::JsonText body;
  body.text("id", id).text("kind", kind).text("amount", core::to_decimal(*amount));
  body.text("reason", options.order.reason).text("operator", *ordered_by);
  const core::Result<std::string> answer = client->post("orgs/" + options.org + "/credits", std::move(body).finish());
  if (answer.has_error()) {
    fail_order(console, answer.error());
    if (core::transient(answer.error().code))
      console.errors << "It may have been posted: the same again with --id " << id << " posts it once.\n";
    return;
  }
  const core::Result<api::CreditChange> change = api::read_credit_change(*answer);
  if (change.has_error()) return fail(console, change.error());
  if (options.json) {
    api::JsonText json;
    json.text("org", options.org).text("id", id).text("kind", kind).money("amount", *amount);
    json.text("transfer", change->transfer).boolean("replayed", change->replayed).money("available", change->available);
    console.out << std::move(json).finish() << '\n';
    return;
  }
  console.out << (change->replayed ? "posted before: " : "posted: ") << core::to_decimal(*amount) << " USD to "
              << options.org << ", as " << change->transfer << "\navailable: " << core::to_decimal(change->available)
              << " USD\n";
}

void add_change(CLI::App& credits, Console& console, const std::string& kind, const std::string& description,
                const std::string& footer) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *credits.add_subcommand(kind, description);
  command.add_option("ORG", options->org, "Its id")->required()->type_name("");
  command.add_option("AMOUNT", options->amount, "In USD")->required()->type_name("");
  command.add_option("--id", options->id, "Posted once for each id; a new one unless given")->type_name("ID");
  add_order_flags(command, options->order);
  add_json_flag(command, options->json);
  add_node_flags(command, options->node);
  command.footer(footer);
  command.callback([&console, options, kind] { change_credits(console, *options, kind); });
}

}  // namespace

void add_credits(CLI::App& app, Console& console) {
  CLI::App& credits = *app.add_subcommand("credits", "Changes an organization's balance by hand");
  credits.require_subcommand(1);
  add_change(credits, console, "grant", "Gives credits",
             "Example:\n  brctl credits grant org_01… 12.50 --reason 'goodwill, ticket 4711' --id ticket-4711");
  add_change(credits, console, "adjust", "Corrects a balance, up or down",
             "What is taken away must be available.\n\n"
             "Example:\n  brctl credits adjust org_01… -3.20 --reason 'granted twice by mistake'");
}

}  // namespace ops::brctl
