// brctl lanes list | unpark: how the lanes of running nodes are. Each node has its own view of them, in memory.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "api/json_text.h"
#include "api/operator_answers.h"
#include "ops/brctl/operator_client.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"

namespace ops::brctl {

namespace {

struct Options {
  NodeFlags node;
  OrderFlags order;
  std::string provider;
  bool json = false;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Cell all_if_empty(const std::string& word) {
  return word.empty() ? std::string("all") : word;
}

std::optional<OperatorClient> open_client(Console& console, const NodeFlags& flags) {
  const std::optional<Config> config = config_of(console, flags.config);
  if (!config) return std::nullopt;
  core::Result<OperatorClient> client = OperatorClient::open(*config, flags.url);
  if (client.has_value()) return std::move(*client);
  fail(console, client.error());
  return std::nullopt;
}

void list_lanes(Console& console, const Options& options) {
  std::optional<OperatorClient> client = open_client(console, options.node);
  if (!client) return;
  Listing listing({{"node"},
                   {"provider"},
                   {"modes"},
                   {"state"},
                   {"closed_model"},
                   {"closed_mode"},
                   {"reason"},
                   {"since"},
                   {"until"}});
  for (const std::string& node : client->nodes()) {
    const core::Result<std::string> answer = client->get(node, "lanes");
    if (answer.has_error()) return fail_order(console, answer.error());
    const core::Result<api::NodeLanes> lanes = api::read_node_lanes(*answer);
    if (lanes.has_error()) return fail(console, lanes.error());
    for (const api::ProviderLanes& one : lanes->providers) {
      if (one.closures.empty())
        listing.add({lanes->instance, one.provider, joined(one.modes), std::string("open"), {}, {}, {}, {}, {}});
      for (const api::LaneClosure& closure : one.closures)
        listing.add({lanes->instance, one.provider, joined(one.modes), closure.state, all_if_empty(closure.model),
                     all_if_empty(closure.mode), closure.reason, closure.since, closure.until});
    }
  }
  listing.print(console, options.json, "lanes");
}

void unpark_lanes(Console& console, const Options& options) {
  const core::Result<std::string> ordered_by = operator_of(console, options.order);
  if (ordered_by.has_error()) return fail(console, ordered_by.error());
  std::optional<OperatorClient> client = open_client(console, options.node);
  if (!client) return;
  api::JsonText body;
  body.text("reason", options.order.reason).text("operator", *ordered_by);
  const std::string text = std::move(body).finish();
  Listing listing({{"node"}, {"provider"}, {"closures_ended", Align::right}});
  for (const std::string& node : client->nodes()) {
    const core::Result<std::string> answer = client->post(node, "lanes/" + options.provider + "/unpark", text);
    if (answer.has_error()) return fail_order(console, answer.error());
    const core::Result<std::uint64_t> ended = api::read_closures_ended(*answer);
    if (ended.has_error()) return fail(console, ended.error());
    listing.add({node, options.provider, static_cast<std::int64_t>(*ended)});
  }
  listing.print(console, options.json, "unparked");
}

}  // namespace

void add_lanes(CLI::App& app, Console& console) {
  CLI::App& lanes = *app.add_subcommand("lanes", "Lanes to providers: which are open, and why the others are not");
  lanes.require_subcommand(1);
  lanes.footer(
      "A lane rests after rate limits and outages, and is parked after what somebody has to mend: a key, an account.\n"
      "Both end by themselves; 'unpark' ends them now.");

  const auto of_list = std::make_shared<Options>();
  CLI::App& list = *lanes.add_subcommand("list", "All lanes of all nodes");
  add_json_flag(list, of_list->json);
  add_node_flags(list, of_list->node);
  list.footer("Example:\n  brctl lanes list");
  list.callback([&console, of_list] { list_lanes(console, *of_list); });

  const auto of_unpark = std::make_shared<Options>();
  CLI::App& unpark = *lanes.add_subcommand("unpark", "Opens all that is closed of a provider, at every node");
  unpark.add_option("PROVIDER", of_unpark->provider, "As 'brctl lanes list' has it")->required()->type_name("");
  add_order_flags(unpark, of_unpark->order);
  add_json_flag(unpark, of_unpark->json);
  add_node_flags(unpark, of_unpark->node);
  unpark.footer("Example:\n  brctl lanes unpark openai --reason 'the new key is in place'");
  unpark.callback([&console, of_unpark] { unpark_lanes(console, *of_unpark); });
}

}  // namespace ops::brctl
