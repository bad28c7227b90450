#include "schemas/dialect/strict_schema.h"

#include <algorithm>
#include <set>

namespace schemas::dialect {
namespace {

enum class Rules { openai, anthropic };

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool types_include(Json type, std::string_view word) {
  if (type.equals(word)) return true;
  const std::vector<Json> types = type.elements();
  return std::any_of(types.begin(), types.end(), [&](Json each) { return each.equals(word); });
}

bool all_required(const Object& properties, Json required) {
  std::set<std::string> names;
  for (const Json name : required.elements()) names.insert(name.string());
  return std::all_of(properties.members().begin(), properties.members().end(),
                     [&](const Object::Member& property) { return names.contains(property.name); });
}

bool fits(Json schema, Rules rules);

bool all_fit(const std::vector<Json>& schemas, Rules rules) {
  return std::all_of(schemas.begin(), schemas.end(), [&](Json each) { return fits(each, rules); });
}

bool values_fit(const Object& schemas, Rules rules) {
  return std::all_of(schemas.members().begin(), schemas.members().end(),
                     [&](const Object::Member& each) { return fits(each.value, rules); });
}

bool keyword_fits(std::string_view name, Json value, Rules rules) {
  if (is_one_of(name, {"properties", "$defs", "definitions"}))
    return value.is_object() && values_fit(Object(value), rules);
  if (name == "items") return fits(value, rules);
  if (name == "anyOf") return value.is_array() && all_fit(value.elements(), rules);
  if (name == "$ref") return value.quoted_part().starts_with('#');
  if (is_one_of(name, {"type", "description", "title", "enum", "const", "required", "additionalProperties", "format",
                       "$schema", "default"}))
    return true;
  switch (rules) {
    case Rules::openai:
      return is_one_of(name, {"pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                              "minItems", "maxItems", "minLength", "maxLength"});
    case Rules::anthropic:
      if (name == "allOf") return value.is_array() && all_fit(value.elements(), rules);
      return name == "minItems" && (value.text() == "0" || value.text() == "1");
  }
  return false;
}

// As deep as the text is nested, which compact_json bounds.
bool fits(Json json, Rules rules) {
  if (!json.is_object()) return false;
  const Object schema(json);
  if (schema.has_duplicates()) return false;
  const bool object = types_include(schema["type"], "object") || !schema["properties"].is_null();
  if (object && !schema["additionalProperties"].is_false()) return false;
  if (object && rules == Rules::openai && !all_required(Object(schema["properties"]), schema["required"])) return false;
  return std::all_of(schema.members().begin(), schema.members().end(),
                     [&](const Object::Member& member) { return keyword_fits(member.name, member.value, rules); });
}

}  // namespace

bool fits_openai_strict(Json schema) {
  return fits(schema, Rules::openai);
}

bool fits_anthropic_strict(Json schema) {
  return fits(schema, Rules::anthropic);
}

}  // namespace schemas::dialect
