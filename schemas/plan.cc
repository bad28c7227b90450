#include "schemas/plan.h"

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(PlanDocument, metadata, units);

std::string encode_plan(const PlanDocument& plan) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(writer, plan);
  return {buffer.GetString(), buffer.GetSize()};
}

core::Result<PlanDocument> decode_plan(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  PlanDocument plan;
  std::string path;
  if (document.HasParseError() || !read_json(document, plan, path))
    return core::Error{core::ErrorCode::blob_corrupt, "a plan cannot be read at '" + path + "'"};
  return plan;
}

}  // namespace schemas
