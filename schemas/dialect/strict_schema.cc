#include "schemas/dialect/strict_schema.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace schemas::dialect {
namespace {

constexpr int references_max = 16;  // one leading to the next; more are as good as a circle

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

class Check {
 public:
  Check(Json root, Rules rules) : rules_(rules) {
    const Object schema(root);
    for (const std::string_view group : {"$defs", "definitions"}) {
      const Object definitions(schema[group]);
      for (const Object::Member& each : definitions.members())
        definitions_.insert({"#/" + std::string(group) + "/" + each.name, {each.value}});
    }
  }

  // As deep as the text is nested, which compact_json bounds.
  bool fits(Json json) {
    if (!json.is_object()) return false;
    const Object schema(json);
    if (schema.has_duplicates()) return false;
    const bool object = types_include(schema["type"], "object") || !schema["properties"].is_null();
    if (object && !schema["additionalProperties"].is_false()) return false;
    if (object && rules_ == Rules::openai && !all_required(Object(schema["properties"]), schema["required"]))
      return false;
    return std::all_of(schema.members().begin(), schema.members().end(),
                       [&](const Object::Member& member) { return keyword_fits(member.name, member.value); });
  }

  // Follows what each definition refers to; `checked` and `open` keep each to one visit.
  bool recursive() {
    return std::any_of(definitions_.begin(), definitions_.end(),
                       [&](auto& definition) { return leads_to_itself(definition.second); });
  }

 private:
  struct Definition {
    Json schema;
    bool open = false;
    bool checked = false;
  };

  bool all_fit(Json list) {
    const std::vector<Json> schemas = list.elements();
    return !schemas.empty() && std::all_of(schemas.begin(), schemas.end(), [&](Json each) { return fits(each); });
  }

  bool members_fit(Json json) {
    const Object schemas(json);
    return json.is_object() && std::all_of(schemas.members().begin(), schemas.members().end(),
                                           [&](const Object::Member& each) { return fits(each.value); });
  }

  bool keyword_fits(std::string_view name, Json value) {
    if (is_one_of(name, {"properties", "$defs", "definitions"})) return members_fit(value);
    if (name == "items") return fits(value);
    if (name == "anyOf") return all_fit(value);
    if (name == "$ref") return definitions_.contains(value.string()) || (rules_ == Rules::openai && value.equals("#"));
    if (name == "format")
      return is_one_of(value.quoted_part(),
                       {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"});
    if (is_one_of(name, {"type", "description", "title", "const", "required", "additionalProperties", "$schema"}))
      return true;
    switch (rules_) {
      case Rules::openai:
        return is_one_of(name, {"enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                "multipleOf", "minItems", "maxItems"});
      case Rules::anthropic:
        if (name == "allOf") return all_fit(value);
        if (name == "enum") return only_scalars(value);
        return name == "default" || (name == "minItems" && is_one_of(value.text(), {"0", "1"}));
    }
    return false;
  }

  static bool only_scalars(Json list) {
    const std::vector<Json> values = list.elements();
    return std::none_of(values.begin(), values.end(), [](Json value) { return value.is_object() || value.is_array(); });
  }

  bool leads_to_itself(Definition& definition) {
    if (definition.checked) return false;
    if (definition.open || chain_ == references_max) return true;
    definition.open = true;
    ++chain_;
    const bool found = refers_to_open(definition.schema);
    --chain_;
    definition.open = false;
    definition.checked = true;
    return found;
  }

  bool refers_to_open(Json json) {
    const std::vector<Json> elements = json.elements();
    if (std::any_of(elements.begin(), elements.end(), [&](Json each) { return refers_to_open(each); })) return true;
    const Object object(json);
    return std::any_of(object.members().begin(), object.members().end(), [&](const Object::Member& member) {
      if (member.name != "$ref") return refers_to_open(member.value);
      const auto target = definitions_.find(member.value.string());
      return target != definitions_.end() && leads_to_itself(target->second);
    });
  }

  const Rules rules_;
  std::map<std::string, Definition> definitions_;
  int chain_ = 0;
};

}  // namespace

bool fits_openai_strict(Json schema) {
  return Object(schema)["type"].equals("object") && Check(schema, Rules::openai).fits(schema);
}

bool fits_anthropic_strict(Json schema) {
  Check check(schema, Rules::anthropic);
  return check.fits(schema) && !check.recursive();
}

}  // namespace schemas::dialect
