#include "schemas/position_codec.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Position, next, epoch, instance, time, chain);

std::string encode_position(const Position& position) {
  return to_json_text(position);
}

core::Result<Position> decode_position(std::string_view value) {
  Position position;
  std::string path;
  if (!from_json_text(value, position, path))
    return core::Error{core::ErrorCode::log_corrupt, "the position of the state cannot be read at '" + path + "'"};
  return position;
}

}  // namespace schemas
