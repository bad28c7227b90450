// All partitions of this process, behind one door.
//
// Threading: any thread. Lifetime: see PartitionLoop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "processors/command_bus.h"
#include "processors/partition_loop.h"
#include "processors/state_reader.h"

namespace processors {

class Node final : public CommandBus, public PartitionHealth {
 public:
  struct Settings {
    std::uint32_t partition_count = 16;
    std::string instance;
    core::Policy policy;
    std::function<core::Timestamp()> now;
  };

  Node(boost::asio::any_io_executor executor, Settings settings, Journal& journal, StateStore& store,
       EffectRunner& effects, Metrics& metrics);

  // Recovers every partition, then serves those that could be. A partition that could not stays halted and says why.
  void recover();
  void start();
  // Blocks until the turns in flight have ended.
  void stop();

  void submit(core::AggregateKey aggregate, core::CommandId id, core::Command command, Answered answered) override;

  std::optional<core::Error> halted(core::Partition partition) const override;
  // Of the partitions that are not served: number and reason.
  std::vector<std::pair<core::Partition, core::Error>> halted() const;

 private:
  const Settings settings_;
  std::vector<std::unique_ptr<PartitionLoop>> loops_;
};

}  // namespace processors
