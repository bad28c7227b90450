// What the operator may set. ops/batchrouter.toml lists every key with its default and what it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/policy.h"
#include "core/result.h"
#include "processors/ports/log.h"

namespace ops {

enum class Mode { development, production };
enum class BusKind { embedded, kafka };
enum class LogFormat { text, json };
enum class MailKind { outbox, resend, smtp };

struct Config {
  struct Service {
    Mode mode = Mode::development;
    BusKind bus = BusKind::embedded;
    processors::Log::Level log_level = processors::Log::Level::info;
    LogFormat log_format = LogFormat::text;
  } service;

  struct Data {
    std::string directory = "data";
    std::string shared_directory;  // empty: `directory`
  } data;

  struct Http {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: any
    std::string public_url;     // empty: where it listens, see public_url_of
    std::uint32_t threads = 2;
    std::uint64_t body_bytes_max = std::uint64_t{2} << 30;
    std::uint32_t connections_max = 4'096;
    std::chrono::seconds header_time{10};
    std::chrono::seconds idle_time{75};
    std::uint64_t body_bytes_per_second_min = 1'024;
    std::chrono::seconds drain_time{10};
    std::uint32_t org_requests_per_minute = 6'000;       // 0: no limit
    std::uint32_t address_requests_per_minute = 12'000;  // the same
    std::string cors_origins;                            // "https://app.example.com, …"
    std::string trusted_proxies;                         // "10.0.0.0/8, …"
  } http;

  struct Journal {
    std::uint32_t partitions = 16;
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    bool archive = false;
    std::chrono::days retention{0};
  } journal;

  struct Kafka {
    std::string bootstrap_servers = "127.0.0.1:9092";
    std::string properties_file;  // empty: none
    std::string topic_prefix = "batchrouter";
    bool create_topics = true;
    std::uint16_t replication_factor = 1;
    std::uint16_t min_insync_replicas = 1;
    std::string node_url;  // empty: where it listens
    std::chrono::seconds append_time{10};
    std::chrono::seconds session_time{10};
    std::uint64_t queue_bytes = std::uint64_t{32} << 20;
  } kafka;

  struct State {
    std::uint64_t cache_bytes = std::uint64_t{64} << 20;
    std::chrono::minutes snapshot_interval{60};
  } state;

  struct Audit {
    std::string checkpoint_directory;  // empty: see checkpoint_directory_of
    std::chrono::seconds checkpoint_interval{60};
  } audit;

  struct Accounts {
    core::Money starter_grant = core::Money::from_cents(25'00);
    std::chrono::hours verification_lifetime{24};
    std::chrono::minutes password_reset_lifetime{60};
    std::chrono::days session_lifetime{14};
    std::uint32_t api_keys_max = 100;
  } accounts;

  struct Quotes {
    std::chrono::seconds window{3'600};
  } quotes;

  struct Dispatch {
    std::uint32_t units_in_flight = 16;
    std::uint32_t items_per_unit = 500;
    std::uint32_t items_per_batch_unit = 10'000;
    std::uint32_t batch_items_min = 1;
    std::uint32_t attempts_max = 5;
    std::chrono::seconds retry_delay{2};
    std::chrono::seconds batch_expectation{43'200};
    std::chrono::seconds rescue_time{3'600};
    std::chrono::seconds batch_time_min{600};
    std::chrono::seconds park_time{300};
    std::chrono::seconds poll_interval_max{60};
    std::chrono::seconds cancel_wait{600};
    std::chrono::seconds lookup_time{60};
    std::string weights;  // "org_…=3, …"
  } dispatch;

  struct Webhooks {
    bool allow_loopback = false;
    std::vector<std::chrono::seconds> retry_schedule = {
        std::chrono::seconds(5),      std::chrono::seconds(300),    std::chrono::seconds(1'800),
        std::chrono::seconds(7'200),  std::chrono::seconds(18'000), std::chrono::seconds(36'000),
        std::chrono::seconds(50'400), std::chrono::seconds(72'000), std::chrono::seconds(86'400)};
    std::chrono::hours link_lifetime{96};
  } webhooks;

  struct Files {
    std::chrono::minutes link_lifetime{15};
  } files;

  struct Mail {
    MailKind kind = MailKind::outbox;
    std::string from = "BatchRouter <no-reply@batchrouter.invalid>";
    std::string resend_api_key;
    std::string smtp_url;
    std::string smtp_username;  // empty: no login
    std::string smtp_password;
  } mail;

  struct Stripe {
    std::string secret_key;  // empty: no checkout, or in development a local one
    std::string webhook_secret;
    std::string base_url;  // empty: Stripe's own
  } stripe;

  // One that is reached over the network; without a key, or for a server of one's own without a URL, it is not used.
  struct Provider {
    std::string api_key = {};
    std::string base_url = {};  // empty: as the catalog has it
    bool batch = true;          // use its batch API
    std::uint32_t concurrency = 32;
  };
  Provider openai;
  Provider anthropic;
  Provider google{.batch = false};
  Provider mistral{.batch = false};
  Provider deepseek{.batch = false};
  Provider xai{.batch = false};
  Provider groq{.batch = false};
  Provider cerebras{.batch = false};
  Provider fireworks{.batch = false};
  Provider moonshotai{.batch = false};
  Provider cohere{.batch = false};

  // A server of one's own that speaks Chat Completions.
  struct OwnServer {
    std::string base_url;  // empty: none
    std::string api_key;
    std::string models;  // "slug=the server's name for it, …"
    std::uint32_t concurrency = 8;
    std::string input_usd_per_million = "0";
    std::string output_usd_per_million = "0";
    std::uint32_t context_tokens = 131'072;
    std::uint32_t output_tokens = 16'384;
  };
  OwnServer own_server;

  struct Simulated {
    bool enabled = true;
    std::chrono::milliseconds latency_min{0};
    std::chrono::milliseconds latency_max{20};
    std::uint32_t concurrency = 64;
    double transient_rate = 0;
    double item_fault_rate = 0;
    double lane_fault_rate = 0;
    std::uint64_t seed = 1;
  } simulated;
};

using Environment = std::map<std::string, std::string>;

// What main is handed as its third argument, or `environ`: "NAME=value" each, a null at the end.
Environment environment_of(const char* const* variables);

// Defaults < the file named by --config < environment BATCHROUTER_<SECTION>_<KEY> < --set and its shortcuts.
// `arguments` are those after the program's name. Errors: configuration_invalid; the detail has a line for each fault,
// with where it stands and what is allowed there.
core::Result<Config> load_config(const std::vector<std::string>& arguments, const Environment& environment);

// What --help and --version ask for; nullopt when neither is there.
std::optional<std::string> information_asked_for(const std::vector<std::string>& arguments);

core::Policy policy_of(const Config& config);

// Who takes payments.
enum class Checkout { off, local, stripe };
Checkout checkout_of(const Config& config);

// What all nodes of a cluster share: blobs, keys and the catalog.
std::string shared_directory_of(const Config& config);
std::string blob_directory_of(const Config& config);
std::string key_directory_of(const Config& config);
std::string catalog_directory_of(const Config& config);

// A node's own state.
std::string state_directory_of(const Config& config);

// Where signed checkpoints of the journal are put.
std::string checkpoint_directory_of(const Config& config);

// The base of links, without a '/' at its end. `listening_port` is the one that was bound, as http.port may be 0.
std::string public_url_of(const Config& config, std::uint16_t listening_port);

// Where it listens.
std::string url_of(const Config& config, std::uint16_t listening_port);

}  // namespace ops
