#include "schemas/position_codec.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Position, next, epoch, time, chain);

std::string encode_position(const Position& position) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(writer, position);
  return {buffer.GetString(), buffer.GetSize()};
}

core::Result<Position> decode_position(std::string_view value) {
  rapidjson::Document document;
  document.Parse(value.data(), value.size());
  Position position;
  std::string path;
  if (document.HasParseError() || !read_json(document, position, path))
    return core::Error{core::ErrorCode::log_corrupt, "the position of the state cannot be read at '" + path + "'"};
  return position;
}

}  // namespace schemas
