// What a node tells the others when it has opened a partition: the value in the nodes topic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace schemas {

struct NodeRecord {
  std::uint32_t partition = 0;
  std::string instance;
  std::string url;
  std::int64_t epoch = 0;
};

std::string encode_node(const NodeRecord& record);

// Errors: malformed_event.
core::Result<NodeRecord> decode_node(std::string_view value);

}  // namespace schemas
