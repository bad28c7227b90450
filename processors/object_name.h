// Names of objects in the blob store that belong to a partition and begin or end at an offset, so that they sort by it.
#pragma once

#include <string>

#include "core/ids.h"

namespace processors {

// "snapshots/p00003"
inline std::string object_folder(const std::string& kind, core::Partition partition) {
  const std::string number = std::to_string(partition.value());
  return kind + "/p" + std::string(number.size() < 5 ? 5 - number.size() : 0, '0') + number;
}

// "snapshots/p00003/00000000000000001234"
inline std::string object_name(const std::string& kind, core::Partition partition, core::Offset offset) {
  const std::string number = std::to_string(offset.value());
  return object_folder(kind, partition) + "/" + std::string(20 - number.size(), '0') + number;
}

// "3/1234"
inline std::string place_text(core::Partition partition, core::Offset offset) {
  return std::to_string(partition.value()) + "/" + std::to_string(offset.value());
}

}  // namespace processors
