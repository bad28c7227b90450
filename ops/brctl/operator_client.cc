#include "ops/brctl/operator_client.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <iostream>
#include <ostream>
#include <utility>

#include "adapters/random/random.h"
#include "adapters/vault/local_vault.h"
#include "api/operator_access.h"
#include "api/operator_answers.h"
#include "ops/brctl/output.h"
#include "ops/clock.h"
#include "ops/kafka_nodes.h"

namespace ops::brctl {

namespace {

using core::Error;
using core::ErrorCode;

constexpr auto answer_time = std::chrono::seconds(20);
constexpr std::size_t answer_bytes_max = 8u << 20;
const std::string base = "/internal/operator/v1/";

core::Result<std::unique_ptr<processors::Vault>> open_vault(const Config& config) {
  const std::filesystem::path keys = key_directory_of(config);
  std::error_code error;
  // Opening a vault would make one.
  if (!std::filesystem::exists(keys / "master", error))
    return Error{ErrorCode::storage_failed,
                 "no keys of a deployment in " + keys.string() + (error ? ": " + error.message() : "") +
                     "; run brctl where the service runs, as its user, with its settings (--config, --data)"};
  auto vault = adapters::vault::LocalVault::open(keys);
  if (vault.has_error()) return vault.error();
  return std::unique_ptr<processors::Vault>(std::move(*vault));
}

core::Result<std::vector<std::string>> find_nodes(const Config& config, const std::optional<std::string>& url) {
  if (url) {
    std::string node = *url;
    while (node.ends_with('/')) node.pop_back();
    return std::vector<std::string>{std::move(node)};
  }
  switch (config.service.bus) {
    case BusKind::embedded: break;
    case BusKind::kafka: return urls_of_nodes(config);
  }
  if (config.http.port == 0)
    return Error{ErrorCode::invalid_request, "http.port is 0, which is any: say where the service listens, with --url"};
  return std::vector<std::string>{url_of(config, config.http.port)};
}

}  // namespace

void add_node_flags(CLI::App& command, NodeFlags& flags) {
  add_config_flags(command, flags.config);
  command.add_option("--url", flags.url, "Where a node listens, unless the settings say it")->type_name("URL");
}

void add_order_flags(CLI::App& command, OrderFlags& flags) {
  command.add_option("--operator", flags.ordered_by, "Who orders it; else $BATCHROUTER_OPERATOR, $SUDO_USER or $USER")
      ->type_name("NAME");
  command.add_option("--reason", flags.reason, "Why; it is kept with what comes of it")->required()->type_name("TEXT");
}

core::Result<std::string> operator_of(const Console& console, const OrderFlags& flags) {
  if (flags.ordered_by) {
    if (!flags.ordered_by->empty()) return *flags.ordered_by;
    return Error{ErrorCode::invalid_request, "--operator names nobody"};
  }
  for (const char* name : {"BATCHROUTER_OPERATOR", "SUDO_USER", "USER"}) {
    const auto variable = console.environment.find(name);
    if (variable != console.environment.end() && !variable->second.empty()) return variable->second;
  }
  return Error{ErrorCode::invalid_request, "say who you are: --operator NAME, or $BATCHROUTER_OPERATOR"};
}

bool agreed(Console& console, const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) {
    console.errors << question << " Say --yes to go on; nothing was done.\n";
    return false;
  }
  console.errors << question << " Type 'yes' to go on: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return true;
  console.errors << "nothing was done\n";
  return false;
}

void fail_order(Console& console, const core::Error& error) {
  const bool nobody_asked = core::transient(error.code) || error.code == ErrorCode::authentication_required ||
                            error.code == ErrorCode::storage_failed || error.code == ErrorCode::invalid_request ||
                            error.code == ErrorCode::configuration_invalid;
  if (nobody_asked) return fail(console, error);
  fail(console, answer_is_bad, error.detail);
}

OperatorClient::OperatorClient(std::unique_ptr<processors::Vault> vault, std::vector<std::string> nodes)
    : vault_(std::move(vault)),
      nodes_(std::move(nodes)),
      http_(std::make_unique<adapters::http_client::HttpClient>()) {}

core::Result<OperatorClient> OperatorClient::open(const Config& config, const std::optional<std::string>& url) {
  auto vault = open_vault(config);
  if (vault.has_error()) return vault.error();
  auto nodes = find_nodes(config, url);
  if (nodes.has_error()) return nodes.error();
  return OperatorClient(std::move(*vault), std::move(*nodes));
}

core::Result<std::string> OperatorClient::get(const std::string& node, const std::string& path) {
  return ask(node, "GET", path, "");
}

core::Result<std::string> OperatorClient::post(const std::string& node, const std::string& path,
                                               const std::string& body) {
  return ask(node, "POST", path, body);
}

core::Result<std::string> OperatorClient::ask(const std::string& node, std::string method, const std::string& path,
                                              std::string body) {
  const std::string target = base + path;
  const std::string nonce = adapters::random::random_base62(32);
  api::OperatorCall call;
  call.method = method;
  call.target = target;
  call.body = body;
  call.time = now();
  call.nonce = nonce;

  adapters::http_client::HttpRequest request;
  request.headers = {{"Authorization", api::operator_authorization(*vault_, call)}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.method = std::move(method);
  request.url = node + target;
  request.body = std::move(body);
  request.total_timeout = answer_time;
  request.response_bytes_max = answer_bytes_max;
  request.fresh_connection = true;  // what is sent again by itself would be refused as seen before
  core::Result<adapters::http_client::HttpResponse> response = send_and_wait(*http_, std::move(request));
  if (response.has_error())
    return Error{response.error().code, "no answer from " + node + ": " + response.error().detail +
                                            " Is the service running? --url says where it listens."};
  if (response->status < 300) return std::move(response->body);
  return api::read_problem(response->status, response->body);
}

core::Result<adapters::http_client::HttpResponse> send_and_wait(adapters::http_client::HttpClient& http,
                                                                adapters::http_client::HttpRequest request) {
  using Answer = core::Result<adapters::http_client::HttpResponse>;
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answered = promise->get_future();
  http.send(std::move(request), [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return answered.get();
}

}  // namespace ops::brctl
