#include "schemas/dialect/schema_checker.h"

#include <rapidjson/document.h>

#include <set>
#include <string>

#include "schemas/dialect/json.h"
#include "schemas/manifest/json_text.h"

namespace schemas::dialect {

struct SchemaChecker::Schema {
  rapidjson::Document document;
};

core::Result<SchemaChecker> SchemaChecker::parse(std::string_view schema) {
  const core::Result<std::string> compact = compact_json(schema);
  if (!compact) return compact.error();
  auto parsed = std::make_shared<Schema>();
  parsed->document.Parse<rapidjson::kParseIterativeFlag>(compact->data(), compact->size());
  if (parsed->document.HasParseError()) return core::Error{core::ErrorCode::malformed_json, "no JSON"};
  SchemaChecker checker;
  checker.schema_ = std::move(parsed);
  return checker;
}

std::optional<SchemaFault> SchemaChecker::check(std::string_view json) const {
  rapidjson::Document value;
  value.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  // Compact text is JSON; what it may still hold are numbers beyond any double.
  if (value.HasParseError()) return SchemaFault{"", "has a number that is too large"};
  const Object object{Json(json)};
  std::set<std::string_view> names;
  for (const Object::Member& member : object.members()) {
    if (!names.insert(member.name).second)
      return SchemaFault{manifest::pointer_step(member.name), "stands here twice: keep one of them"};
  }
  return schema_fault(schema_->document, value);
}

}  // namespace schemas::dialect
