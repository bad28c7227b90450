// Commands that other systems put on the bus: delivered at least once, in order but for rewinds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "processors/ports/command_source.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"

namespace simulation {

class CommandTopicSource;

// Outlives every process.
class CommandTopic {
 public:
  void append(core::Partition partition, std::string value);
  const std::vector<std::string>& records(core::Partition partition) const { return records_[partition]; }

 private:
  friend class CommandTopicSource;

  mutable std::map<core::Partition, std::vector<std::string>> records_;
  std::vector<CommandTopicSource*> sources_;
};

// A process's way to it.
class CommandTopicSource final : public processors::CommandSource {
 public:
  CommandTopicSource(CommandTopic& topic, Agenda& agenda, Chance& chance, const double& rewinds);
  ~CommandTopicSource() override;

  void start(core::Partition partition, core::Offset from, Take take) override;
  void stop(core::Partition partition) override { readings_.erase(partition); }

  // Something may have come.
  void look(core::Partition partition);

 private:
  struct Reading {
    std::int64_t next = 0;
    Take take;
    bool looking = false;
  };

  void offer(core::Partition partition);

  CommandTopic& topic_;
  Agenda& agenda_;
  Chance& chance_;
  const double& rewinds_;  // of each record: some before it come again
  std::map<core::Partition, Reading> readings_;
};

}  // namespace simulation
