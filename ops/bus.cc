#include "ops/bus.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/files/files.h"
#include "ops/kafka_bus.h"

namespace ops {

namespace {

// The log in the data directory, which this process has to itself.
class EmbeddedBus final : public Bus {
 public:
  static core::Result<std::unique_ptr<Bus>> open(const Config& config, const BusEnvironment& environment) {
    adapters::embedded_log::Settings settings;
    settings.directory = std::filesystem::path(config.data.directory) / "journal";
    settings.segment_bytes = static_cast<std::uint32_t>(config.journal.segment_bytes);
    settings.on_fatal = environment.on_fatal;
    auto opened = adapters::embedded_log::EmbeddedLog::open_log(std::move(settings));
    if (opened.has_error()) return opened.error();
    if ((*opened)->torn_tail_bytes() > 0)
      warn(environment.log, "journal_torn_tail_cut", {{"bytes", (*opened)->torn_tail_bytes()}});
    return std::make_unique<EmbeddedBus>(std::move(*opened));
  }

  explicit EmbeddedBus(std::unique_ptr<adapters::embedded_log::EmbeddedLog> log) : log_(std::move(log)) {}

  std::string identity() const override { return "embedded"; }
  processors::Journal& journal() override { return *log_; }
  processors::NodeDirectory* directory() override { return nullptr; }

  core::Result<void> start(processors::Node& node, const processors::StateReader&, processors::JournalReader&,
                           std::string) override {
    node.own_all();
    return {};
  }
  void stop() override { log_->stop(); }

 private:
  std::unique_ptr<adapters::embedded_log::EmbeddedLog> log_;
};

}  // namespace

core::Result<std::unique_ptr<Bus>> open_bus(const Config& config, const BusEnvironment& environment) {
  switch (config.service.bus) {
    case BusKind::embedded: return EmbeddedBus::open(config, environment);
    case BusKind::kafka: return open_kafka_bus(config, environment);
  }
  return core::Error{core::ErrorCode::configuration_invalid, "this bus is none of those there are"};
}

core::Result<void> check_identity(const std::filesystem::path& data, const Bus& bus, std::uint32_t partitions) {
  const std::filesystem::path file = data / "journal_identity";
  const std::string ours = bus.identity() + " " + std::to_string(partitions);
  std::string theirs;
  if (std::ifstream in(file); in) std::getline(in, theirs);
  if (theirs.empty()) return adapters::files::write_durably(file, ours + "\n");
  if (theirs == ours) return {};
  return core::Error{core::ErrorCode::configuration_invalid,
                     "the data directory " + data.string() + " was made for the journal \"" + theirs +
                         "\" (bus, cluster, topic prefix, partitions), and the configuration names \"" + ours +
                         "\". Put the configuration back, or give the service another data.directory"};
}

}  // namespace ops
