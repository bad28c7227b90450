#include "schemas/plan.h"

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(PlanDocument, metadata, units);

std::string encode_plan(const PlanDocument& plan) {
  return to_json_text(plan);
}

core::Result<PlanDocument> decode_plan(std::string_view text) {
  PlanDocument plan;
  std::string path;
  if (!from_json_text(text, plan, path))
    return core::Error{core::ErrorCode::blob_corrupt, "a plan cannot be read at '" + path + "'"};
  return plan;
}

}  // namespace schemas
