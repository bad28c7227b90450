#include "schemas/node_codec.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(NodeRecord, partition, instance, url, epoch);

std::string encode_node(const NodeRecord& record) {
  return to_json_text(record);
}

core::Result<NodeRecord> decode_node(std::string_view value) {
  NodeRecord record;
  std::string path;
  const bool readable = from_json_text(value, record, path);
  if (!readable || record.instance.empty() || record.url.empty() || record.epoch < 1) {
    return core::Error{core::ErrorCode::malformed_event,
                       "a record of the nodes topic cannot be read at '" + path + "'"};
  }
  return record;
}

}  // namespace schemas
