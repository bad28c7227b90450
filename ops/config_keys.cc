#include "ops/config_keys.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>

#include "api/http/trusted_proxies.h"
#include "ops/config_values.h"
#include "ops/did_you_mean.h"
#include "ops/providers.h"

namespace ops {

namespace {

constexpr std::uint64_t kibibyte = 1'024;
constexpr std::uint64_t mebibyte = 1'024 * kibibyte;
constexpr std::uint64_t gibibyte = 1'024 * mebibyte;

bool has_no_controls(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool is_directory_name(std::string_view text) {
  return !text.empty() && has_no_controls(text);
}

bool is_ip_address(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return address.find('\0') == std::string::npos && (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
                                                     inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1);
}

bool is_topic_prefix(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

// No user name, as the configuration is shown and links are mailed; no query, as paths are put behind it.
bool is_base_url_or_empty(std::string_view text) {
  if (text.empty()) return true;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return !rest.empty() && !rest.starts_with('/') && !rest.starts_with(':') && !rest.ends_with('/') &&
           std::ranges::all_of(rest, [](char c) {
             return c > ' ' && c < 0x7f && std::string_view("@?#\"\\<>").find(c) == std::string_view::npos;
           });
  }
  return false;
}

// The rest of the address is for the mail server to judge.
bool is_sender(std::string_view text) {
  const std::size_t at = text.find('@');
  return has_no_controls(text) && at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.size() <= 320 && (text.find('<') != std::string_view::npos) == text.ends_with('>');
}

bool is_smtp_url_or_empty(std::string_view text) {
  if (text.empty()) return true;
  for (const std::string_view scheme : {"smtp://", "smtps://"}) {
    if (text.starts_with(scheme)) return is_base_url_or_empty("http://" + std::string(text.substr(scheme.size())));
  }
  return false;
}

// The keys of one section.
bool are_weights(std::string_view text) {
  return weights_from(text).has_value();
}

bool are_origins(std::string_view text) {
  return origins_from(text).has_value();
}

bool are_proxies(std::string_view text) {
  return api::http::TrustedProxies::parse(text).has_value();
}

bool are_models(std::string_view text) {
  return model_names_from(text).has_value();
}

bool is_price(std::string_view text) {
  return price_per_million_from(text).has_value();
}

template <class Section>
class Rows {
 public:
  Rows(std::vector<Key>& table, std::string_view name, Section Config::*section)
      : table_(table), name_(name), section_(section) {}

  template <class Value>
  Rows& add(std::string_view name, Value Section::*member, ValueType<Value> type, std::string_view documentation) {
    table_.push_back({.section = name_,
                      .name = name,
                      .documentation = documentation,
                      .kind = type.kind,
                      .allowed = type.allowed,
                      .is_secret = type.is_secret,
                      .parse =
                          [section = section_, member, type](Config& config, std::string_view text) {
                            std::optional<Value> value = type.parse(text);
                            if (!value) return false;
                            config.*section.*member = *std::move(value);
                            return true;
                          },
                      .format = [section = section_, member,
                                 type](const Config& config) { return type.format(config.*section.*member); }});
    return *this;
  }

 private:
  std::vector<Key>& table_;
  std::string_view name_;
  Section Config::*section_;
};

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void add_service(std::vector<Key>& table) {
  using Section = Config::Service;
  using enum processors::Log::Level;
  Rows(table, "service", &Config::service)
      .add("mode", &Section::mode, word<Mode>({{"development", Mode::development}, {"production", Mode::production}}),
           "In production, what is only good for trying things out is refused, such as simulated answers.")
      .add("bus", &Section::bus, word<BusKind>({{"embedded", BusKind::embedded}, {"kafka", BusKind::kafka}}),
           "Where events are kept: embedded is a log in the data directory, kafka the cluster that [kafka] names.")
      .add("log_level", &Section::log_level,
           word<processors::Log::Level>({{"debug", debug}, {"info", info}, {"warning", warning}, {"error", error}}),
           "The least important lines that are logged, on standard error.")
      .add("log_format", &Section::log_format, word<LogFormat>({{"text", LogFormat::text}, {"json", LogFormat::json}}),
           "How a line of the log looks.");
}

void add_data(std::vector<Key>& table) {
  using Section = Config::Data;
  Rows(table, "data", &Config::data)
      .add("directory", &Section::directory, text("the path of a directory", is_directory_name),
           "Where everything is kept. Relative to where the service is started; made when it is not there.")
      .add("shared_directory", &Section::shared_directory, text("the path of a directory, or \"\"", has_no_controls),
           "Where blobs and keys are kept; when empty, in the data directory. Nodes of one cluster need the same one, "
           "on a file system that all of them mount.");
}

void add_http(std::vector<Key>& table) {
  using Section = Config::Http;
  Rows(table, "http", &Config::http)
      .add("address", &Section::address, text("an IPv4 or IPv6 address, such as \"0.0.0.0\"", is_ip_address),
           "The address to listen on.")
      .add("port", &Section::port, whole_number<std::uint16_t>(0, 65'535), "The port to listen on; 0 takes a free one.")
      .add("public_url", &Section::public_url,
           text("\"\" or a URL such as \"https://batches.example.com\", without user, query and '/' at its end",
                is_base_url_or_empty),
           "The base of links in mails and signed URLs; when empty, http://address:port.")
      .add("threads", &Section::threads, whole_number<std::uint32_t>(1, 256), "Threads that answer requests.")
      .add("body_bytes_max", &Section::body_bytes_max, byte_count(kibibyte, 1'024 * gibibyte),
           "The largest request body; beyond it 413.")
      .add("connections_max", &Section::connections_max, whole_number<std::uint32_t>(1, 1'000'000),
           "Connections open at one time.")
      .add("header_seconds", &Section::header_time, duration<seconds>(seconds(1), seconds(300)),
           "How long a request's headers may take.")
      .add("idle_seconds", &Section::idle_time, duration<seconds>(seconds(1), seconds(3'600)),
           "How long a connection may wait for its next request.")
      .add("body_bytes_per_second_min", &Section::body_bytes_per_second_min, byte_count(0, gibibyte),
           "A body that arrives slower than this is given up; 0 never gives up.")
      .add("drain_seconds", &Section::drain_time, duration<seconds>(seconds(0), seconds(3'600)),
           "How long a stop waits for requests that are being answered.")
      .add("org_requests_per_minute", &Section::org_requests_per_minute, whole_number<std::uint32_t>(0, 60'000'000),
           "Requests that one account may send a minute, as many of them at once; beyond it 429. 0 has no limit.")
      .add("address_requests_per_minute", &Section::address_requests_per_minute,
           whole_number<std::uint32_t>(0, 60'000'000),
           "The same for an address that shows no valid credential. 0 has no limit.")
      .add("cors_origins", &Section::cors_origins,
           text("\"\", \"*\", or origins such as \"https://app.example.com, http://localhost:3000\"", are_origins),
           "Whose web pages may call this service from a browser; those listed by name also with a session's cookie, "
           "with \"*\" any page with an API key.")
      .add("trusted_proxies", &Section::trusted_proxies,
           text("\"\", or addresses and networks such as \"127.0.0.1, 10.0.0.0/8\"", are_proxies),
           "Reverse proxies in front of this service: from these alone, X-Forwarded-For tells the client's address, "
           "which limits count by.");
}

void add_storage(std::vector<Key>& table) {
  Rows(table, "journal", &Config::journal)
      .add("partitions", &Config::Journal::partitions, whole_number<std::uint32_t>(1, 1'024),
           "Partitions of the journal. Fixed once the data directory, or the topic, is made.")
      .add("segment_bytes", &Config::Journal::segment_bytes, byte_count(mebibyte, 4 * gibibyte),
           "A file of the journal is followed by the next one at this size.")
      .add("archive", &Config::Journal::archive, boolean(),
           "Copies records that are older than retention_days, a day's or more at a time, to the archive in the blob "
           "store.")
      .add("retention_days", &Config::Journal::retention, duration<days>(days(0), days(36'500)),
           "Records that are older, archived and covered by a snapshot need not stay in the journal. 0 keeps all for "
           "ever; else archive has to be on.");
  Rows(table, "state", &Config::state)
      .add("cache_bytes", &Config::State::cache_bytes, byte_count(mebibyte, 1'024 * gibibyte),
           "Memory for reading state.")
      .add("snapshot_minutes", &Config::State::snapshot_interval, duration<minutes>(minutes(0), minutes(10'080)),
           "How often a partition that moved is written to the blob store, so that lost state is found again fast; 0: "
           "never.");
  Rows(table, "audit", &Config::audit)
      .add(
          "checkpoint_directory", &Config::Audit::checkpoint_directory,
          text("the path of a directory, or \"\"", has_no_controls),
          "Where signed checkpoints of the journal are put, on another disk if there is one. Empty: checkpoints in the "
          "data directory.")
      .add("checkpoint_seconds", &Config::Audit::checkpoint_interval, duration<seconds>(seconds(1), hours(1)),
           "How often they are made.");
}

void add_kafka(std::vector<Key>& table) {
  using Section = Config::Kafka;
  Rows(table, "kafka", &Config::kafka)
      .add("bootstrap_servers", &Section::bootstrap_servers,
           text("addresses such as \"kafka-1:9092,kafka-2:9092\"", is_directory_name), "Where the cluster is reached.")
      .add("properties_file", &Section::properties_file, text("the path of a file, or \"\"", has_no_controls),
           "A file of client properties, one name=value a line, as librdkafka and kcat read them: TLS and SASL.")
      .add("topic_prefix", &Section::topic_prefix, text("1 to 64 letters, digits, '.', '_' and '-'", is_topic_prefix),
           "The names of topics and groups begin with it and a '.'.")
      .add("create_topics", &Section::create_topics, boolean(),
           "Create the topics that are missing. When false they must be there, with the settings that README lists.")
      .add("replication_factor", &Section::replication_factor, whole_number<std::uint16_t>(1, 15),
           "Copies of each partition of the topics that are created. Three for what must survive a broker.")
      .add("min_insync_replicas", &Section::min_insync_replicas, whole_number<std::uint16_t>(1, 15),
           "Copies that must have a record before it counts as written. Two of three.")
      .add("node_url", &Section::node_url,
           text("\"\" or a URL such as \"http://10.0.0.7:8080\", without user, query and '/' at its end",
                is_base_url_or_empty),
           "Where other nodes reach this one; when empty, http://address:port.")
      .add("append_seconds", &Section::append_time, duration<seconds>(seconds(1), seconds(300)),
           "How long a group of events is tried to be written until its outcome counts as unknown.")
      .add("session_seconds", &Section::session_time, duration<seconds>(seconds(6), seconds(300)),
           "Without a sign of life for so long, a node's partitions go to others. The brokers bound it.")
      .add("queue_bytes", &Section::queue_bytes, byte_count(mebibyte, 4 * gibibyte),
           "Events on their way to the cluster; beyond it, requests wait.");
}

void add_business(std::vector<Key>& table) {
  using Accounts = Config::Accounts;
  using Dispatch = Config::Dispatch;
  Rows(table, "accounts", &Config::accounts)
      .add("starter_grant_usd", &Accounts::starter_grant, money(core::Money::from_cents(1'000'000'00)),
           "Credit that a new organization is given.")
      .add("verification_hours", &Accounts::verification_lifetime, duration<hours>(hours(1), hours(720)),
           "How long the link that verifies an e-mail address is good.")
      .add("password_reset_minutes", &Accounts::password_reset_lifetime,
           duration<std::chrono::minutes>(std::chrono::minutes(1), std::chrono::hours(24)),
           "How long the link to choose a new password is good.")
      .add("session_days", &Accounts::session_lifetime, duration<days>(days(1), days(365)), "How long a login is good.")
      .add("api_keys_max", &Accounts::api_keys_max, whole_number<std::uint32_t>(1, 10'000),
           "API keys that an organization may have, revoked ones not counted.");
  Rows(table, "quotes", &Config::quotes)
      .add("window_seconds", &Config::Quotes::window, duration<seconds>(seconds(1), days(30)),
           "How long a quote's price is locked.");
  Rows(table, "dispatch", &Config::dispatch)
      .add("units_in_flight", &Dispatch::units_in_flight, whole_number<std::uint32_t>(1, 4'096),
           "Work units that run at one time.")
      .add("items_per_unit", &Dispatch::items_per_unit, whole_number<std::uint32_t>(1, 100'000),
           "Items of a batch that go to a synchronous lane, or to the simulated one, together.")
      .add("items_per_batch_unit", &Dispatch::items_per_batch_unit, whole_number<std::uint32_t>(1, 100'000),
           "Items that go to a provider's batch API together, within its own limits.")
      .add("batch_items_min", &Dispatch::batch_items_min, whole_number<std::uint32_t>(1, 100'000),
           "Fewer items than that are asked synchronously, at the full price, where a provider has both.")
      .add("attempts_max", &Dispatch::attempts_max, whole_number<std::uint32_t>(1, 100),
           "Tries of a work unit until what is missing has failed.")
      .add("retry_seconds", &Dispatch::retry_delay, duration<seconds>(seconds(0), seconds(3'600)),
           "The wait before a work unit is tried again.")
      .add("batch_expected_seconds", &Dispatch::batch_expectation, duration<seconds>(seconds(1), days(3)),
           "How long a provider's batch takes as a rule. With less time to the deadline a manifest is not quoted for "
           "one.")
      .add("rescue_seconds", &Dispatch::rescue_time, duration<seconds>(seconds(1), days(1)),
           "So long before the deadline a provider's batch is given up, and what it has not answered asked "
           "synchronously.")
      .add("batch_seconds_min", &Dispatch::batch_time_min, duration<seconds>(seconds(0), days(1)),
           "With less than this before a batch would be given up, none is begun.")
      .add("park_seconds", &Dispatch::park_time, duration<seconds>(seconds(1), days(1)),
           "A lane whose account, key or quota fails is left alone for so long, and then tried again.")
      .add("poll_seconds_max", &Dispatch::poll_interval_max, duration<seconds>(seconds(1), hours(1)),
           "The longest time between two looks at a provider's batch.")
      .add("cancel_seconds_max", &Dispatch::cancel_wait, duration<seconds>(seconds(1), hours(2)),
           "How long a cancelled provider's batch is waited for, so that what it has finished is not lost.")
      .add("lookup_seconds", &Dispatch::lookup_time, duration<seconds>(seconds(0), hours(1)),
           "How long a provider's batch whose creation was not answered is looked for, before another one is made.")
      .add("weights", &Dispatch::weights, text("organizations such as \"org_01…=3, org_02…=2\", or \"\"", are_weights),
           "The share of work of organizations whose weight is not 1, relative to the others.");
}

void add_delivery(std::vector<Key>& table) {
  using Webhooks = Config::Webhooks;
  Rows(table, "webhooks", &Config::webhooks)
      .add("allow_loopback", &Webhooks::allow_loopback, boolean(),
           "Deliver to receivers on this machine too, to try webhooks out.")
      .add("retry_seconds", &Webhooks::retry_schedule, seconds_list(32, days(30)),
           "The wait after each failed delivery; when the list is used up, the delivery has failed.")
      .add("link_hours", &Webhooks::link_lifetime, duration<hours>(hours(1), hours(8'760)),
           "How long the download links in a delivery are good.");
  Rows(table, "files", &Config::files)
      .add("link_minutes", &Config::Files::link_lifetime, duration<minutes>(minutes(1), minutes(10'080)),
           "How long a download link from the API is good.");
}

void add_mail(std::vector<Key>& table) {
  using Section = Config::Mail;
  Rows(table, "mail", &Config::mail)
      .add("kind", &Section::kind,
           word<MailKind>({{"outbox", MailKind::outbox}, {"resend", MailKind::resend}, {"smtp", MailKind::smtp}}),
           "How mail leaves: outbox writes files below the data directory, for trying things out; resend and smtp send "
           "it.")
      .add("from", &Section::from, text("a sender such as \"BatchRouter <no-reply@example.com>\"", is_sender),
           "The sender of all mail; a service that sends it has to know the domain as yours.")
      .add("resend_api_key", &Section::resend_api_key, secret(), "The key of Resend, for kind resend.")
      .add("smtp_url", &Section::smtp_url,
           text("\"\" or a URL such as \"smtp://mail.example.com:587\" or \"smtps://mail.example.com\"",
                is_smtp_url_or_empty),
           "The mail server, for kind smtp. With smtp:// it has to offer STARTTLS, unless it is on this machine.")
      .add("smtp_username", &Section::smtp_username, text("a name, or \"\"", has_no_controls),
           "The login at the mail server; without one nothing is said of it.")
      .add("smtp_password", &Section::smtp_password, secret(), "The password of that login.");
}

void add_stripe(std::vector<Key>& table) {
  using Section = Config::Stripe;
  Rows(table, "stripe", &Config::stripe)
      .add("secret_key", &Section::secret_key, secret(),
           "Lets customers buy credit through Stripe. Without it they cannot in production, and in development a local "
           "page stands in that takes no money.")
      .add("webhook_secret", &Section::webhook_secret, secret(),
           "The signing secret of the endpoint /v1/webhooks/stripe; credit is given by what arrives there alone.")
      .add("base_url", &Section::base_url,
           text("\"\" or a URL such as \"http://127.0.0.1:12111\", without user, query and '/' at its end",
                is_base_url_or_empty),
           "Where Stripe's API is; when empty, https://api.stripe.com.");
}

void add_providers(std::vector<Key>& table) {
  using Section = Config::Provider;
  struct Row {
    std::string_view section;
    Section Config::*member;
  };
  for (const auto& [section, member] :
       {Row{"openai", &Config::openai}, Row{"anthropic", &Config::anthropic}, Row{"google", &Config::google},
        Row{"mistral", &Config::mistral}, Row{"deepseek", &Config::deepseek}, Row{"xai", &Config::xai},
        Row{"groq", &Config::groq}, Row{"cerebras", &Config::cerebras}, Row{"fireworks", &Config::fireworks},
        Row{"moonshotai", &Config::moonshotai}, Row{"cohere", &Config::cohere}}) {
    Rows(table, section, member)
        .add("api_key", &Section::api_key, secret(),
             "Switches the provider's lanes on: work for them is paid by this account.")
        .add("base_url", &Section::base_url,
             text("\"\" or a URL such as \"https://llm-proxy.example.com\", without user, query and '/' at its end",
                  is_base_url_or_empty),
             "Where its API is; when empty, where the provider has it.")
        .add("batch", &Section::batch, boolean(), "Use its batch API, at half the price, where there is time.")
        .add("concurrency", &Section::concurrency, whole_number<std::uint32_t>(1, 10'000),
             "Calls that are open at one time; the provider's own limits make it fewer.");
  }
  using Own = Config::OwnServer;
  Rows(table, "own_server", &Config::own_server)
      .add("base_url", &Own::base_url,
           text("\"\" or a URL such as \"http://127.0.0.1:11434\", without user, query and '/' at its end",
                is_base_url_or_empty),
           "A server that speaks Chat Completions at /v1, such as vLLM, Ollama, llama.cpp or LiteLLM.")
      .add("api_key", &Own::api_key, secret(), "Sent to it as a bearer token, unless empty.")
      .add("models", &Own::models, text("names such as \"llama-3.3-70b=llama3.3:70b, qwen-3\"", are_models),
           "The models it serves: the name that manifests use, and after '=' the server's, when that is another.")
      .add("concurrency", &Own::concurrency, whole_number<std::uint32_t>(1, 10'000), "Calls that are open at one time.")
      .add("input_usd_per_million", &Own::input_usd_per_million, text("dollars such as \"0.10\"", is_price),
           "What customers are charged for a million input tokens.")
      .add("output_usd_per_million", &Own::output_usd_per_million, text("dollars such as \"0.40\"", is_price),
           "What customers are charged for a million output tokens.")
      .add("context_tokens", &Own::context_tokens, whole_number<std::uint32_t>(512, 10'000'000),
           "Tokens that a request and its answer may have together.")
      .add("output_tokens", &Own::output_tokens, whole_number<std::uint32_t>(1, 1'000'000),
           "Tokens that an answer may have at most.");
}

void add_simulated(std::vector<Key>& table) {
  using Section = Config::Simulated;
  Rows(table, "simulated", &Config::simulated)
      .add("enabled", &Section::enabled, boolean(),
           "A lane that makes its answers up, so that everything works without a provider. Refused in production.")
      .add("latency_min_ms", &Section::latency_min, duration<milliseconds>(milliseconds(0), milliseconds(600'000)),
           "The shortest time an answer takes.")
      .add("latency_max_ms", &Section::latency_max, duration<milliseconds>(milliseconds(0), milliseconds(600'000)),
           "The longest time an answer takes.")
      .add("concurrency", &Section::concurrency, whole_number<std::uint32_t>(1, 100'000),
           "Answers that are made at one time.")
      .add("transient_rate", &Section::transient_rate, rate(),
           "The share of calls that fail and succeed when repeated.")
      .add("item_fault_rate", &Section::item_fault_rate, rate(), "The share of items that always fail.")
      .add("lane_fault_rate", &Section::lane_fault_rate, rate(), "The share of units that fail as a whole.")
      .add("seed", &Section::seed, whole_number<std::uint64_t>(0, std::numeric_limits<std::int64_t>::max()),
           "Answers and faults are drawn from it: the same seed, the same draws.");
}

std::vector<Key> make_keys() {
  std::vector<Key> table;
  add_service(table);
  add_data(table);
  add_http(table);
  add_storage(table);
  add_kafka(table);
  add_business(table);
  add_delivery(table);
  add_mail(table);
  add_stripe(table);
  add_providers(table);
  add_simulated(table);
  return table;
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = make_keys();
  return table;
}

std::string full_name(const Key& key) {
  return std::string(key.section) + "." + std::string(key.name);
}

std::string variable_name(const Key& key) {
  std::string name = "BATCHROUTER_" + std::string(key.section) + "_" + std::string(key.name);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(keys(), name, full_name);
  return found == keys().end() ? nullptr : &*found;
}

std::string unknown_key(std::string_view name) {
  std::vector<std::string> known;
  for (const Key& key : keys()) known.push_back(full_name(key));
  const std::string suggestion = did_you_mean(name, known);
  return "there is no setting " + std::string(name) +
         (suggestion.empty() ? "; `brctl config example` lists all" : suggestion);
}

std::string example_file() {
  std::string file =
      "# The settings of batchrouter, each with its default. Take the '#' away and change what you need, then start "
      "with\n"
      "# --config FILE. `brctl config check FILE` finds mistakes. A variable of the environment goes before the file, "
      "such as\n"
      "# BATCHROUTER_HTTP_PORT=9000, and a flag before both: --set http.port=9000.\n";
  std::string_view section;
  const Config defaults;
  for (const Key& key : keys()) {
    if (key.section != section) file += "\n[" + std::string(section = key.section) + "]\n";
    file += "\n# " + std::string(key.documentation) + "\n# Takes " + key.allowed + ".\n";
    file += "#" + std::string(key.name) + " = " + key.format(defaults) + "\n";
  }
  return file;
}

std::string settings_help() {
  std::string help = "Settings and their defaults:\n";
  const Config defaults;
  for (const Key& key : keys()) {
    help += "  " + full_name(key) + " = " + key.format(defaults) + "\n";
    help += "      " + std::string(key.documentation) + " Takes " + key.allowed + ".\n";
  }
  return help;
}

}  // namespace ops
