// Where the owner of a partition can be reached.
#pragma once

#include <optional>
#include <string>

#include "core/ids.h"

namespace processors {

struct NodeAddress {
  std::string instance;
  std::string url;  // base URL of its HTTP API, without a slash at the end
  core::Epoch epoch;
};

// Threading: any thread; neither member blocks.
class NodeDirectory {
 public:
  virtual ~NodeDirectory() = default;
  // The owner with the newest epoch that was announced, by this process or another; nothing until one is known.
  virtual std::optional<NodeAddress> owner(core::Partition partition) const = 0;
  // Tells all nodes that this process has opened the partition. Delivered at least once, in the end.
  virtual void announce(core::Partition partition, core::Epoch epoch) = 0;
};

}  // namespace processors
