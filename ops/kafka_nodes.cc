#include "ops/kafka_nodes.h"

#include <algorithm>
#include <chrono>

#include "adapters/kafka/node_directory.h"
#include "adapters/kafka/topics.h"
#include "ops/kafka_bus.h"

namespace ops {

namespace {

constexpr auto reading_time = std::chrono::seconds(15);

class Quiet final : public processors::Log, public processors::Metrics {
 public:
  void write(Level, std::string_view, processors::Fields) override {}
  void count(std::string_view, processors::Labels, double) override {}
  void set(std::string_view, processors::Labels, double) override {}
  void observe_seconds(std::string_view, processors::Labels, double) override {}
};

}  // namespace

core::Result<std::vector<std::string>> urls_of_nodes(const Config& config) {
  const core::Result<adapters::kafka::Settings> settings = kafka_settings(config, "brctl");
  if (settings.has_error()) return settings.error();
  Quiet quiet;
  const auto directory = adapters::kafka::KafkaNodeDirectory::create(*settings, "", quiet, quiet);
  if (directory.has_error()) return directory.error();
  if (!(*directory)->wait_until_read(reading_time))
    return core::Error{core::ErrorCode::unavailable,
                       "the topic of nodes could not be read from " + config.kafka.bootstrap_servers};
  std::vector<std::string> urls;
  for (std::uint32_t number = 0; number < config.journal.partitions; ++number) {
    const auto owner = (*directory)->owner(core::Partition(number));
    if (owner && std::find(urls.begin(), urls.end(), owner->url) == urls.end()) urls.push_back(owner->url);
  }
  if (urls.empty())
    return core::Error{core::ErrorCode::unavailable, "no node has opened a partition yet; --url names one"};
  return urls;
}

core::Result<std::string> check_topics(const Config& config) {
  core::Result<adapters::kafka::Settings> settings = kafka_settings(config, "brctl");
  if (settings.has_error()) return settings.error();
  settings->create_topics = false;
  Quiet quiet;
  const auto cluster = adapters::kafka::prepare_topics(*settings, quiet, quiet);
  if (cluster.has_error()) return cluster.error();
  return cluster->id;
}

}  // namespace ops
