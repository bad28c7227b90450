#include "adapters/kafka/client.h"

#include <algorithm>
#include <array>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace adapters::kafka {

namespace {

using core::ErrorCode;

// What the product's guarantees rest on, and what the adapter sets for itself.
constexpr std::array properties_of_ours{
    "acks",
    "auto.commit.enable",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "client.rack",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "plugin.library.paths",
    "request.required.acks",
    "retries",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
};

// Larger than a journal record of the largest size with its headers; topics take more still (topics.cc).
constexpr auto message_bytes_max = "9437184";

const Properties& common_properties() {
  static const Properties properties{
      {"message.max.bytes", message_bytes_max},
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      {"socket.timeout.ms", "10000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.interval.ms", "30000"},
      {"log.connection.close", "false"},
  };
  return properties;
}

const Properties& producer_properties() {
  static const Properties properties{
      {"enable.idempotence", "true"},
      {"compression.type", "lz4"},
      {"linger.ms", "0"},
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", "131072"},
  };
  return properties;
}

const Properties& consumer_properties() {
  static const Properties properties{
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"check.crcs", "true"},
      {"enable.partition.eof", "true"},
      {"allow.auto.create.topics", "false"},
      {"fetch.wait.max.ms", "20"},  // as long a partition waits at most to be read besides those that are
      {"fetch.error.backoff.ms", "100"},
      // A full queue makes librdkafka 2.0.2 pause for a second: only bytes may fill it, and only where we are slower.
      {"queued.max.messages.kbytes", "65536"},
      {"queued.min.messages", "1000000"},
  };
  return properties;
}

bool refuses_credentials(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
         code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM ||
         code == RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE;
}

bool refuses_rights(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

bool refuses_settings(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR || code == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS ||
         code == RD_KAFKA_RESP_ERR_INVALID_CONFIG || code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION ||
         code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION || code == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT ||
         code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL ||
         code == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT || code == RD_KAFKA_RESP_ERR__INVALID_ARG;
}

std::string sentence(std::string_view doing, std::string_view what, std::string_view detail) {
  std::string text = "Kafka: " + std::string(doing) + ": " + std::string(what);
  if (!detail.empty() && detail != what) text += " (" + std::string(detail) + ")";
  return text;
}

}  // namespace

core::Error error_of(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail) {
  std::string text = sentence(doing, rd_kafka_err2str(code), detail);
  if (refuses_credentials(code)) {
    return {ErrorCode::configuration_invalid,
            text + "; check security.protocol, sasl.* and ssl.* in the client properties"};
  }
  if (refuses_rights(code)) {
    return {ErrorCode::configuration_invalid, text + "; grant this client the right and start again"};
  }
  if (refuses_settings(code)) return {ErrorCode::configuration_invalid, std::move(text)};
  return {ErrorCode::unavailable, std::move(text)};
}

core::Result<void> check_client_properties(const Settings& settings) {
  for (const auto& [name, value] : settings.client_properties) {
    if (std::find(properties_of_ours.begin(), properties_of_ours.end(), name) != properties_of_ours.end()) {
      return core::Error{ErrorCode::configuration_invalid,
                         "the client property " + name + " is set by BatchRouter itself; remove it", name};
    }
  }
  return {};
}

// What librdkafka's callbacks use. It outlives a handle that does not come back from its end.
struct Client::Shared {
  Shared(ClientCallbacks callbacks_given, std::string purpose_given, processors::Log& log_given,
         processors::Metrics& metrics_given)
      : callbacks(std::move(callbacks_given)),
        purpose(std::move(purpose_given)),
        log(&log_given),
        metrics(&metrics_given) {}

  const ClientCallbacks callbacks;
  const std::string purpose;

  std::mutex mutex;
  processors::Log* log;  // null once the client is gone
  processors::Metrics* metrics;
  std::string refusal;  // why the cluster would not have our credentials; empty when it does
};

struct Client::Callbacks {
  static Shared& shared_of(const rd_kafka_t* handle) { return *static_cast<Shared*>(rd_kafka_opaque(handle)); }

  // librdkafka keeps passwords out of its lines.
  static void line(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
    if (rd_kafka_opaque(handle) == nullptr) return;
    Shared& shared = shared_of(handle);
    const std::lock_guard lock(shared.mutex);
    if (shared.log == nullptr) return;
    // A property that only consumers know is no news to a producer: all clients are given the same ones.
    const bool of_no_account = level > 5 || std::string_view(facility) == "CONFWARN";
    const auto importance = of_no_account ? processors::Log::Level::debug
                            : level <= 2  ? processors::Log::Level::error
                            : level <= 4  ? processors::Log::Level::warning
                                          : processors::Log::Level::info;
    shared.log->write(importance, "kafka_client",
                      {{"client", std::string_view(shared.purpose)},
                       {"facility", std::string_view(facility)},
                       {"text", std::string_view(text)}});
  }

  static void error(rd_kafka_t* handle, int code_number, const char* reason, void* opaque) {
    auto& shared = *static_cast<Shared*>(opaque);
    const auto code = static_cast<rd_kafka_resp_err_t>(code_number);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> text{};
      const auto cause = rd_kafka_fatal_error(handle, text.data(), text.size());
      if (shared.callbacks.fatal) shared.callbacks.fatal(error_of(cause, "the client has stopped", text.data()));
      return;
    }
    const std::lock_guard lock(shared.mutex);  // the log has its own line of it
    if (refuses_credentials(code)) shared.refusal = reason;
    if (shared.metrics == nullptr) return;
    const std::string_view kind = refuses_credentials(code)                     ? "credentials"
                                  : code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ? "all_brokers_down"
                                                                                : "other";
    shared.metrics->count("batchrouter_kafka_client_errors_total", {{"client", shared.purpose}, {"kind", kind}});
  }

  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    const auto& shared = *static_cast<Shared*>(opaque);
    if (shared.callbacks.delivered) shared.callbacks.delivered(*message);
  }

  static void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* opaque) {
    static_cast<Shared*>(opaque)->callbacks.rebalanced(code, list);
  }
};

core::Result<std::unique_ptr<Client>> Client::create(Kind kind, const Settings& settings, std::string_view purpose,
                                                     const Properties& properties, ClientCallbacks callbacks,
                                                     processors::Log& log, processors::Metrics& metrics) {
  if (const auto checked = check_client_properties(settings); !checked) return checked.error();

  std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>> fresh(rd_kafka_conf_new());
  rd_kafka_conf_t* const configuration = fresh.get();
  std::array<char, 512> text{};
  std::optional<core::Error> refused;
  // librdkafka's own words about a refused value repeat it, and it may be a secret.
  const auto set = [&](const std::string& name, const std::string& value) {
    const auto answer = rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), text.data(), text.size());
    if (answer == RD_KAFKA_CONF_OK || refused) return;
    refused = core::Error{ErrorCode::configuration_invalid,
                          answer == RD_KAFKA_CONF_UNKNOWN
                              ? "librdkafka knows no client property " + name + "; correct or remove it"
                              : "the client property " + name + " does not take the value that it was given",
                          name};
  };
  const auto set_all = [&](const auto& list) {
    for (const auto& [name, value] : list) set(name, value);
  };
  set_all(common_properties());
  set_all(kind == Kind::producer ? producer_properties() : consumer_properties());
  set_all(properties);
  set_all(settings.client_properties);
  set("bootstrap.servers", settings.bootstrap_servers);
  set("client.id", settings.instance.substr(0, 40) + "." + std::string(purpose));
  if (refused) return *refused;

  auto shared = std::make_shared<Shared>(std::move(callbacks), std::string(purpose), log, metrics);
  rd_kafka_conf_set_opaque(configuration, shared.get());
  rd_kafka_conf_set_log_cb(configuration, Callbacks::line);
  rd_kafka_conf_set_error_cb(configuration, Callbacks::error);
  if (kind == Kind::producer) rd_kafka_conf_set_dr_msg_cb(configuration, Callbacks::delivered);
  if (shared->callbacks.rebalanced) rd_kafka_conf_set_rebalance_cb(configuration, Callbacks::rebalanced);

  // On success the handle owns the configuration, on failure we still do.
  rd_kafka_t* const handle = rd_kafka_new(kind == Kind::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, configuration,
                                          text.data(), text.size());
  if (handle == nullptr) {
    return core::Error{ErrorCode::configuration_invalid, "Kafka: no client could be made: " + std::string(text.data())};
  }
  static_cast<void>(fresh.release());
  return std::unique_ptr<Client>(new Client(std::move(shared), handle, settings.close_timeout));
}

Client::Client(std::shared_ptr<Shared> shared, rd_kafka_t* handle, std::chrono::milliseconds close_timeout)
    : shared_(std::move(shared)), handle_(handle), close_timeout_(close_timeout) {}

Client::~Client() {
  std::packaged_task<void()> destroy(
      [shared = shared_, handle = handle_] { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); });
  const auto destroyed = destroy.get_future();
  std::thread thread(std::move(destroy));
  if (destroyed.wait_for(close_timeout_) == std::future_status::ready) {
    thread.join();
    return;
  }
  const std::lock_guard lock(shared_->mutex);
  processors::warn(*shared_->log, "kafka_client_left_behind", {{"client", std::string_view(shared_->purpose)}});
  shared_->log = nullptr;
  shared_->metrics = nullptr;
  thread.detach();
}

core::Error Client::unreachable(std::string_view doing) const {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->refusal.empty()) {
    return error_of(RD_KAFKA_RESP_ERR__AUTHENTICATION, doing, shared_->refusal);
  }
  return {ErrorCode::unavailable, "Kafka: " + std::string(doing) + ": no answer in time; is the cluster reachable?"};
}

}  // namespace adapters::kafka
