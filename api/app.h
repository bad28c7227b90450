// What the resources need of the rest of the system. Everything borrowed outlives the server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/local_checkout/local_checkout.h"
#include "adapters/passwords/password_hasher.h"
#include "api/http/coroutines.h"
#include "core/catalog.h"
#include "core/policy.h"
#include "core/routing.h"
#include "core/sealed.h"
#include "processors/command_bus.h"
#include "processors/file_links.h"
#include "processors/learning/lane_scores.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/checkout.h"
#include "processors/ports/lane_board.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/vault.h"
#include "processors/state_reader.h"

namespace api {

struct Settings {
  std::string version;
  std::string mode;           // development, production
  std::string bus;            // embedded
  std::string public_url;     // without a slash at the end; one for all nodes, as Origin is compared with it
  std::string instance = {};  // this node's, among all nodes; one word
  std::uint64_t body_bytes_max = std::uint64_t{2} << 30;
  std::uint32_t items_per_unit = 500;
  core::Duration batch_expectation = std::chrono::hours(12);  // of a provider's batch API
  core::Duration file_link_lifetime = std::chrono::minutes(15);
  bool webhooks_allow_loopback = false;
  std::string email = "local_outbox";             // how mail leaves: local_outbox, resend, smtp
  core::Secret stripe_webhook_secret{};           // empty: Stripe's events are refused
  std::uint32_t org_requests_per_minute = 0;      // 0: as many as they like
  std::uint32_t address_requests_per_minute = 0;  // of callers without a valid credential; 0: the same
  std::vector<std::string> cors_origins = {};     // whose pages may read answers; those listed by name, with cookies
  core::Policy policy;
};

struct App {
  Settings settings;
  processors::CommandBus& bus;
  processors::StateReader reader;
  processors::Vault& vault;
  processors::BlobStore& blobs;
  processors::FileLinks links;
  const core::Catalog& catalog;
  std::vector<core::ConfiguredLane> lanes;
  adapters::passwords::PasswordHasher& passwords;
  boost::asio::any_io_executor blocking;              // for what waits for files
  boost::asio::any_io_executor long_work = blocking;  // for what may take minutes: nobody's reads wait behind it
  std::function<core::Timestamp()> now;
  std::function<std::vector<std::pair<core::Partition, core::Error>>()> halted_partitions;
  std::function<std::string()> render_metrics;
  processors::Metrics& metrics;
  processors::Log& log;
  // The base URL ("http://host:port") of the node that owns a partition, where another one does. Nothing: this one
  // does, or nobody is known to. Called for each request, from any thread; must not block.
  std::function<std::optional<std::string>(core::Partition)> forward_to = {};
  const processors::LaneScores* lane_scores = nullptr;  // null: lanes are known by their static priors alone
  const processors::LaneBoard* lane_board = nullptr;    // null: how the lanes are is not known
  // Why nothing can be written, where that can be seen before it is tried.
  std::function<std::optional<core::Error>()> storage_fault = [] { return std::nullopt; };
  processors::LaneControl* lane_control = nullptr;                          // null: nothing can be done about them
  processors::CheckoutProvider* checkout = nullptr;                         // null: credit cannot be bought
  const adapters::local_checkout::LocalCheckout* local_checkout = nullptr;  // null: its page is switched off
};

// Sends a command and waits until what it caused is durable and can be read. The command's id is made here, random.
http::awaitable<core::Result<processors::Answer>> command(const App& app, core::AggregateKey aggregate,
                                                          core::Command command);

// What routing goes by for an org. Blocks on rows.
core::Result<core::learning::Scores> scores_of(const App& app, const core::OrgId& org);

}  // namespace api
