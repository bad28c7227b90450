// brctl parked list | show | retry | drop: commands that the state could not take.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "api/json_text.h"
#include "core/parking/state.h"
#include "ops/brctl/live_rows.h"
#include "ops/brctl/operator_client.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "schemas/bus_command.h"
#include "schemas/row_codec.h"

namespace ops::brctl {

namespace {

using core::parking::Parked;

struct Options {
  NodeFlags node;
  OrderFlags order;
  std::string id;
  bool json = false;
};

core::Partition partition_of(const LiveRows& rows, const Parked& parked) {
  return rows.reader().partition(parked.aggregate);
}

Listing listing_of(const LiveRows& rows, const std::vector<Parked>& commands) {
  Listing listing({{"command"}, {"type"}, {"partition", Align::right}, {"aggregate"}, {"parked_at"}, {"reason"}});
  for (const Parked& parked : commands)
    listing.add({parked.id.value(), schemas::command_word(parked.command),
                 std::int64_t{partition_of(rows, parked).value()}, parked.aggregate.value(), parked.parked_at,
                 parked.reason});
  return listing;
}

void list_parked(Console& console, const Options& options) {
  const auto rows = LiveRows::open(console, options.node.config);
  if (!rows) return;
  std::vector<Parked> commands;
  const auto listed = rows->each<Parked>(std::nullopt, [&](Parked parked) { commands.push_back(std::move(parked)); });
  if (listed.has_error()) return fail(console, listed.error());
  if (commands.empty() && !options.json) {
    console.out << "no command is parked\n";
    return;
  }
  listing_of(*rows, commands).print(console, options.json, "parked");
}

std::optional<Parked> find_parked(Console& console, const LiveRows& rows, const std::string& id) {
  auto parked = rows.reader().find_served<Parked>({core::CommandId(id)});
  if (parked.has_error()) {
    fail(console, parked.error());
    return std::nullopt;
  }
  if (!*parked) fail(console, answer_is_bad, "no command " + id + " is parked");
  return std::move(*parked);
}

// The command as it is kept: what is personal in it is sealed.
void show_parked(Console& console, const Options& options) {
  const auto rows = LiveRows::open(console, options.node.config);
  if (!rows) return;
  const std::optional<Parked> parked = find_parked(console, *rows, options.id);
  if (!parked) return;
  if (options.json) {
    api::JsonText json;
    json.text("command", parked->id.value()).text("type", schemas::command_word(parked->command));
    json.number("partition", partition_of(*rows, *parked).value()).text("aggregate", parked->aggregate.value());
    json.time("parked_at", parked->parked_at).text("reason", parked->reason);
    json.json("row", schemas::encode_row(*parked));
    console.out << std::move(json).finish() << '\n';
    return;
  }
  console.out << render_table({{"command", parked->id.value()},
                               {"type", schemas::command_word(parked->command)},
                               {"partition", std::to_string(partition_of(*rows, *parked).value())},
                               {"aggregate", parked->aggregate.value()},
                               {"parked", time_text(parked->parked_at)},
                               {"reason", parked->reason}})
              << '\n'
              << schemas::encode_row(*parked) << '\n';
}

void resolve(Console& console, const Options& options, const std::string& choice) {
  const core::Result<std::string> ordered_by = operator_of(console, options.order);
  if (ordered_by.has_error()) return fail(console, ordered_by.error());
  const auto rows = LiveRows::open(console, options.node.config);
  if (!rows) return;
  const std::optional<Parked> parked = find_parked(console, *rows, options.id);
  if (!parked) return;
  core::Result<OperatorClient> client = OperatorClient::open(rows->config(), options.node.url);
  if (client.has_error()) return fail(console, client.error());
  api::JsonText body;
  body.text("id", options.id).text("reason", options.order.reason).text("operator", *ordered_by);
  const std::string path = "parked/" + std::to_string(partition_of(*rows, *parked).value()) + "/" + choice;
  const core::Result<std::string> answer = client->post(path, std::move(body).finish());
  if (answer.has_error()) return fail_order(console, answer.error());
  if (options.json) {
    console.out << *answer << '\n';
    return;
  }
  console.out << options.id << (choice == "retry" ? " was carried out\n" : " was dropped\n");
}

void add_resolving(CLI::App& parked, Console& console, const std::string& choice, const std::string& description,
                   const std::string& footer) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *parked.add_subcommand(choice, description);
  command.add_option("COMMAND", options->id, "Its id")->required()->type_name("");
  add_order_flags(command, options->order);
  add_json_flag(command, options->json);
  add_node_flags(command, options->node);
  command.footer(footer);
  command.callback([&console, options, choice] { resolve(console, *options, choice); });
}

}  // namespace

void add_parked(CLI::App& app, Console& console) {
  CLI::App& parked = *app.add_subcommand("parked", "Commands that the state could not take: faults of ours");
  parked.require_subcommand(1);
  parked.footer(
      "Nothing of a parked command has happened, and its partition goes on. Retry it with a release that mends the\n"
      "fault, or drop it.");

  const auto of_list = std::make_shared<Options>();
  CLI::App& list = *parked.add_subcommand("list", "All of them");
  add_json_flag(list, of_list->json);
  add_config_flags(list, of_list->node.config);
  list.footer("Example:\n  brctl parked list");
  list.callback([&console, of_list] { list_parked(console, *of_list); });

  const auto of_show = std::make_shared<Options>();
  CLI::App& show = *parked.add_subcommand("show", "One of them, with what it asked for");
  show.add_option("COMMAND", of_show->id, "Its id")->required()->type_name("");
  add_json_flag(show, of_show->json);
  add_config_flags(show, of_show->node.config);
  show.footer("Example:\n  brctl parked show cmd_01…");
  show.callback([&console, of_show] { show_parked(console, *of_show); });

  add_resolving(parked, console, "retry", "Decides it anew",
                "Example:\n  brctl parked retry cmd_01… --reason 'mended by release 1.4.2'");
  add_resolving(parked, console, "drop", "Gives it up, for good",
                "Example:\n  brctl parked drop cmd_01… --reason 'the customer asked again since'");
}

}  // namespace ops::brctl
