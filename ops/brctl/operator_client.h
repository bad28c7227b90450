// Asks running nodes for what only operators may ask.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http_client/http_client.h"
#include "core/result.h"
#include "ops/brctl/run.h"
#include "ops/config.h"
#include "ops/config_load.h"
#include "processors/ports/vault.h"

namespace ops::brctl {

// Which deployment, and where one of its nodes listens.
struct NodeFlags {
  ConfigFlags config;
  std::optional<std::string> url;
};
// The service's own flags, and --url. `flags` must outlive `command`.
void add_node_flags(CLI::App& command, NodeFlags& flags);

// Who orders something, and why: both are kept with what came of it.
struct OrderFlags {
  std::optional<std::string> ordered_by;
  std::string reason;
};
// --operator and --reason. `flags` must outlive `command`.
void add_order_flags(CLI::App& command, OrderFlags& flags);

// --operator, else $BATCHROUTER_OPERATOR, $SUDO_USER or $USER. Errors: invalid_request: nobody is named.
core::Result<std::string> operator_of(const Console& console, const OrderFlags& flags);

// Whether a person at a terminal agrees to what cannot be undone. Without a terminal: no, with a word about --yes.
bool agreed(Console& console, const std::string& question);

// Says why something was not done. Exit code: 1 for a refusal, 3 where nobody could be asked.
void fail_order(Console& console, const core::Error& error);

// Signs with the keys of the deployment. Threading: one thread.
class OperatorClient {
 public:
  // Errors: storage_failed (the keys cannot be read: another user, another machine), configuration_invalid,
  // unavailable (no node is known).
  static core::Result<OperatorClient> open(const Config& config, const std::optional<std::string>& url);

  // The base URLs of all nodes that are known.
  const std::vector<std::string>& nodes() const { return nodes_; }

  // The body of the answer. `path` is behind /internal/operator/v1/; the first node is asked, which hands on to the one
  // in charge. Errors: the refusal; unavailable, network_failed (nobody answers).
  core::Result<std::string> get(const std::string& node, const std::string& path);
  core::Result<std::string> post(const std::string& node, const std::string& path, const std::string& body);
  core::Result<std::string> post(const std::string& path, const std::string& body) {
    return post(nodes_.front(), path, body);
  }

 private:
  OperatorClient(std::unique_ptr<processors::Vault> vault, std::vector<std::string> nodes);
  core::Result<std::string> ask(const std::string& node, std::string method, const std::string& path, std::string body);

  std::unique_ptr<processors::Vault> vault_;
  std::vector<std::string> nodes_;
  std::unique_ptr<adapters::http_client::HttpClient> http_;
};

// The answer of any HTTP server, for a look at what needs no operator.
core::Result<adapters::http_client::HttpResponse> send_and_wait(adapters::http_client::HttpClient& http,
                                                                adapters::http_client::HttpRequest request);

}  // namespace ops::brctl
