#include "ops/kafka_bus.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "adapters/kafka/command_source.h"
#include "adapters/kafka/journal.h"
#include "adapters/kafka/node_directory.h"
#include "adapters/kafka/ownership.h"
#include "adapters/kafka/public_log.h"
#include "adapters/kafka/topics.h"
#include "ops/properties_file.h"
#include "processors/projector/projector.h"

namespace ops {

namespace {

namespace kafka = adapters::kafka;

constexpr auto cluster_time = std::chrono::seconds(60);  // that a cluster has to answer at the start
constexpr std::chrono::milliseconds request_time_min = std::chrono::seconds(10);
constexpr auto directory_time = std::chrono::seconds(10);

// A cluster that is being started may not answer yet.
template <class Ask>
auto ask_cluster(const kafka::Settings& settings, processors::Log& log, Ask ask) -> decltype(ask()) {
  const auto give_up = std::chrono::steady_clock::now() + cluster_time;
  for (;;) {
    decltype(ask()) answer = ask();
    if (answer.has_value() || answer.error().code != core::ErrorCode::unavailable) return answer;
    const std::string reason = answer.error().detail + " kafka.bootstrap_servers is " + settings.bootstrap_servers;
    if (std::chrono::steady_clock::now() >= give_up) return core::Error{core::ErrorCode::unavailable, reason};
    warn(log, "kafka_does_not_answer", {{"reason", reason}});
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

// The directory needs to know where this process listens, and is made when that is known: until then it knows nobody.
class KafkaBus final : public Bus, public processors::NodeDirectory {
 public:
  KafkaBus(kafka::Settings settings, std::string cluster, std::unique_ptr<kafka::KafkaJournal> journal,
           std::unique_ptr<kafka::KafkaCommandSource> commands, const BusEnvironment& environment)
      : settings_(std::move(settings)),
        cluster_(std::move(cluster)),
        log_(environment.log),
        metrics_(environment.metrics),
        journal_(std::move(journal)),
        commands_(std::move(commands)),
        public_log_(settings_, log_, metrics_),
        ownership_(settings_, log_, metrics_) {}

  std::string identity() const override { return "kafka " + cluster_ + " " + settings_.topic_prefix; }
  processors::Journal& journal() override { return *journal_; }
  processors::NodeDirectory* directory() override { return this; }

  processors::CommandSource* commands() override { return commands_.get(); }

  std::function<void(core::Partition, core::Offset)> confirmed_hook() override {
    return [this](core::Partition partition, core::Offset next) { projector_->confirmed(partition, next); };
  }
  std::function<void(core::Partition, bool)> served_hook() override {
    return [this](core::Partition partition, bool served) {
      if (served)
        projector_->own(partition);
      else
        projector_->release(partition);
    };
  }

  core::Result<void> start(processors::Node& node, const processors::StateReader& reader,
                           processors::JournalReader& history, std::string url) override {
    auto directory = kafka::KafkaNodeDirectory::create(settings_, std::move(url), log_, metrics_);
    if (directory.has_error()) return directory.error();
    directory_ = std::move(*directory);
    if (!directory_->wait_until_read(directory_time)) warn(log_, "node_directory_not_read");
    reader_.emplace(reader);
    processors::Projector::Settings projector;
    projector.partition_count = settings_.partitions;
    projector_.emplace(projector, history, public_log_, *reader_, metrics_, log_);
    return ask_cluster(settings_, log_, [&] { return ownership_.start(node); });
  }

  void leave() override { ownership_.stop(); }

  void stop() override {
    if (projector_) projector_->stop();
    if (directory_) directory_->stop();
    journal_->stop();
  }

  std::optional<processors::NodeAddress> owner(core::Partition partition) const override {
    return directory_ ? directory_->owner(partition) : std::nullopt;
  }
  void announce(core::Partition partition, core::Epoch epoch) override { directory_->announce(partition, epoch); }

 private:
  const kafka::Settings settings_;
  const std::string cluster_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  std::unique_ptr<kafka::KafkaJournal> journal_;
  std::unique_ptr<kafka::KafkaCommandSource> commands_;
  kafka::KafkaPublicLog public_log_;
  std::optional<processors::StateReader> reader_;
  std::optional<processors::Projector> projector_;
  std::unique_ptr<kafka::KafkaNodeDirectory> directory_;
  kafka::GroupOwnership ownership_;
};

}  // namespace

core::Result<kafka::Settings> kafka_settings(const Config& config, const std::string& instance) {
  kafka::Settings settings;
  settings.bootstrap_servers = config.kafka.bootstrap_servers;
  settings.topic_prefix = config.kafka.topic_prefix;
  settings.instance = instance;
  settings.partitions = config.journal.partitions;
  settings.create_topics = config.kafka.create_topics;
  settings.replication_factor = config.kafka.replication_factor;
  settings.min_insync_replicas = config.kafka.min_insync_replicas;
  settings.append_timeout = config.kafka.append_time;
  settings.request_timeout = std::max(settings.append_timeout, request_time_min);
  settings.session_timeout = config.kafka.session_time;
  settings.pending_bytes_max = config.kafka.queue_bytes;
  if (!config.kafka.properties_file.empty()) {
    auto properties = read_properties_file(config.kafka.properties_file);
    if (properties.has_error()) return properties.error();
    settings.client_properties = std::move(*properties);
  }
  return settings;
}

core::Result<std::unique_ptr<Bus>> open_kafka_bus(const Config& config, const BusEnvironment& environment) {
  core::Result<kafka::Settings> settings = kafka_settings(config, environment.instance);
  if (settings.has_error()) return settings.error();
  const core::Result<kafka::Cluster> cluster = ask_cluster(*settings, environment.log, [&] {
    return kafka::prepare_topics(*settings, environment.log, environment.metrics);
  });
  if (cluster.has_error()) return cluster.error();
  auto journal = kafka::KafkaJournal::create(*settings, environment.log, environment.metrics);
  if (journal.has_error()) return journal.error();
  auto commands = kafka::KafkaCommandSource::create(*settings, environment.log, environment.metrics);
  if (commands.has_error()) return commands.error();
  return std::make_unique<KafkaBus>(std::move(*settings), cluster->id, std::move(*journal), std::move(*commands),
                                    environment);
}

}  // namespace ops
