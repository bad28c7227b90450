// The bus that the configuration names: the journal, and who owns which of its partitions.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "ops/config.h"
#include "processors/node.h"
#include "processors/ports/command_source.h"
#include "processors/ports/journal.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/node_directory.h"
#include "processors/state_reader.h"

namespace ops {

// Lifetime: the journal is used until stop(); what `open_bus` borrows must outlive the bus.
class Bus {
 public:
  virtual ~Bus() = default;

  // One line that tells this journal from every other; a data directory belongs to one.
  virtual std::string identity() const = 0;
  virtual processors::Journal& journal() = 0;
  // Null where this process is alone.
  virtual processors::NodeDirectory* directory() = 0;

  // Null where no command can come over it.
  virtual processors::CommandSource* commands() { return nullptr; }

  // What the node is to tell of its partitions, see Node::Settings.
  virtual std::function<void(core::Partition, core::Offset)> confirmed_hook() { return {}; }
  virtual std::function<void(core::Partition, bool)> served_hook() { return {}; }

  // Has partitions assigned to `node`. `history`: what is to be published is read from it; `url`: where other nodes
  // reach this process. Errors: unavailable, configuration_invalid.
  virtual core::Result<void> start(processors::Node& node, const processors::StateReader& reader,
                                   processors::JournalReader& history, std::string url) = 0;
  // No partition is assigned any more; the node still has those it has.
  virtual void leave() {}
  // The journal is not used any more.
  virtual void stop() = 0;
};

struct BusEnvironment {
  std::string instance;  // of this process
  processors::Metrics& metrics;
  processors::Log& log;
  // Called once, from any thread, when nothing can be written any more until the process is started again.
  std::function<void(const std::string& why)> on_fatal;
};

// Errors: what keeps the service from starting, with the remedy.
core::Result<std::unique_ptr<Bus>> open_bus(const Config& config, const BusEnvironment& environment);

// Binds the data directory to the journal and its number of partitions at the first start, and refuses any other later:
// state of one journal says nothing of another. Errors: configuration_invalid, storage_failed.
core::Result<void> check_identity(const std::filesystem::path& data, const Bus& bus, std::uint32_t partitions);

}  // namespace ops
