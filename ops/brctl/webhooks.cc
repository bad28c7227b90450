// brctl webhooks list | show | replay: deliveries, those first that did not arrive.
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

using core::webhook::Delivery;
using core::webhook::Phase;

struct Options {
  NodeFlags node;
  OrderFlags order;
  std::optional<std::string> org;
  std::string status = "failed";
  std::string delivery;
  bool json = false;
};

std::optional<core::OrgId> org_of(const Options& options) {
  return options.org ? std::optional(core::OrgId(*options.org)) : std::nullopt;
}

// One that waits for its next try has failed as well, so far.
std::string_view word_of(const Delivery& delivery) {
  switch (delivery.phase) {
    case Phase::pending: return delivery.next_at ? "retrying" : "pending";
    case Phase::delivered: return "delivered";
    case Phase::exhausted: return "failed";
  }
  return "";
}

bool asked_for(const std::string& status, const Delivery& delivery) {
  const std::string_view word = word_of(delivery);
  return status == "all" || status == word || (status == "failed" && word == "retrying");
}

Listing listing_of(const std::vector<Delivery>& deliveries) {
  Listing listing({{"delivery"},
                   {"org"},
                   {"batch"},
                   {"type"},
                   {"status"},
                   {"attempts", Align::right},
                   {"last_status", Align::right},
                   {"created_at"},
                   {"next_at"}});
  for (const Delivery& delivery : deliveries) {
    Cell last;
    if (delivery.last_status > 0) last = std::int64_t{delivery.last_status};
    Cell next;
    if (delivery.next_at) next = *delivery.next_at;
    listing.add({delivery.id.value(), delivery.org.value(), delivery.batch.value(), delivery.type,
                 std::string(word_of(delivery)), std::int64_t{delivery.attempt.value()}, last, delivery.created_at,
                 next});
  }
  return listing;
}

void list_deliveries(Console& console, const Options& options) {
  const auto rows = LiveRows::open(console, options.node.config, org_of(options));
  if (!rows) return;
  std::vector<Delivery> deliveries;
  const auto listed = rows->each<Delivery>(org_of(options), [&](Delivery delivery) {
    if (asked_for(options.status, delivery)) deliveries.push_back(std::move(delivery));
  });
  if (listed.has_error()) return fail(console, listed.error());
  if (deliveries.empty() && !options.json) {
    console.out << (options.status == "failed" ? "no delivery has failed\n" : "there is none\n");
    return;
  }
  listing_of(deliveries).print(console, options.json, "deliveries");
}

// Says so where there is none.
std::optional<Delivery> find_delivery(Console& console, const Options& options) {
  const auto rows = LiveRows::open(console, options.node.config, org_of(options));
  if (!rows) return std::nullopt;
  std::optional<Delivery> found;
  const auto listed = rows->each<Delivery>(org_of(options), [&](Delivery delivery) {
    if (delivery.id.value() == options.delivery) found = std::move(delivery);
  });
  if (listed.has_error()) {
    fail(console, listed.error());
    return std::nullopt;
  }
  if (!found) fail(console, answer_is_bad, "there is no delivery " + options.delivery);
  return found;
}

// Where it goes is sealed, and the customer's: not shown.
void show_delivery(Console& console, const Options& options) {
  const std::optional<Delivery> found = find_delivery(console, options);
  if (!found) return;
  listing_of({*found}).print(console, options.json, "deliveries");
  if (!options.json) console.out << "\nIts whole life: brctl events grep " << found->id.value() << '\n';
}

void replay_delivery(Console& console, const Options& options) {
  const core::Result<std::string> ordered_by = operator_of(console, options.order);
  if (ordered_by.has_error()) return fail(console, ordered_by.error());
  std::string org = options.org.value_or("");
  if (org.empty()) {
    const std::optional<Delivery> found = find_delivery(console, options);
    if (!found) return;
    org = found->org.value();
  }
  const std::optional<Config> config = config_of(console, options.node.config);
  if (!config) return;
  core::Result<OperatorClient> client = OperatorClient::open(*config, options.node.url);
  if (client.has_error()) return fail(console, client.error());
  api::JsonText body;
  body.text("reason", options.order.reason).text("operator", *ordered_by);
  const core::Result<std::string> answer =
      client->post("orgs/" + org + "/deliveries/" + options.delivery + "/retry", std::move(body).finish());
  if (answer.has_error()) return fail_order(console, answer.error());
  const core::Result<bool> replayed = api::read_replayed(*answer);
  if (replayed.has_error()) return fail(console, replayed.error());
  if (options.json) {
    console.out << *answer << '\n';
    return;
  }
  console.out << options.delivery << (*replayed ? " is being sent already\n" : " is being sent once more\n");
}

}  // namespace

void add_webhooks(CLI::App& app, Console& console) {
  CLI::App& webhooks = *app.add_subcommand("webhooks", "Deliveries of webhooks");
  webhooks.require_subcommand(1);

  const auto of_list = std::make_shared<Options>();
  CLI::App& list = *webhooks.add_subcommand("list", "Deliveries that failed, so far or for good");
  list.add_option("--org", of_list->org, "Only of this organization")->type_name("ORG");
  list.add_option("--status", of_list->status, "failed, retrying, pending, delivered or all")
      ->type_name("STATUS")
      ->check(CLI::IsMember({"failed", "retrying", "pending", "delivered", "all"}))
      ->capture_default_str();
  add_json_flag(list, of_list->json);
  add_config_flags(list, of_list->node.config);
  list.footer("Examples:\n  brctl webhooks list\n  brctl webhooks list --status all --org org_01…");
  list.callback([&console, of_list] { list_deliveries(console, *of_list); });

  const auto of_show = std::make_shared<Options>();
  CLI::App& show = *webhooks.add_subcommand("show", "One delivery");
  show.add_option("DELIVERY", of_show->delivery, "Its id")->required()->type_name("");
  show.add_option("--org", of_show->org, "Whose it is: found faster")->type_name("ORG");
  add_json_flag(show, of_show->json);
  add_config_flags(show, of_show->node.config);
  show.footer("Example:\n  brctl webhooks show msg_01…");
  show.callback([&console, of_show] { show_delivery(console, *of_show); });

  const auto of_replay = std::make_shared<Options>();
  CLI::App& replay = *webhooks.add_subcommand("replay", "Sends a delivery that has ended once more");
  replay.add_option("DELIVERY", of_replay->delivery, "Its id")->required()->type_name("");
  replay.add_option("--org", of_replay->org, "Whose it is: found faster")->type_name("ORG");
  add_order_flags(replay, of_replay->order);
  add_json_flag(replay, of_replay->json);
  add_node_flags(replay, of_replay->node);
  replay.footer("Example:\n  brctl webhooks replay msg_01… --reason 'their endpoint is back'");
  replay.callback([&console, of_replay] { replay_delivery(console, *of_replay); });
}

}  // namespace ops::brctl
