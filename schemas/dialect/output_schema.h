// JSON Schema as far as it is used to ask models for output.
#pragma once

#include <rapidjson/fwd.h>

#include <optional>
#include <string>

namespace schemas::dialect {

struct SchemaFault {
  std::string pointer;  // JSON pointer into the value: "/tickets/3/subject"; empty: the value itself
  std::string message;  // such as "must be a string"; nothing of the value is in it
};

// The first place where a value does not fit; nullopt: it fits.
//
// Checks type, enum, const, properties, required, additionalProperties, minProperties, maxProperties, items,
// prefixItems, minItems, maxItems, minLength, maxLength, minimum, maximum, their exclusive forms (of draft 4 too),
// allOf, anyOf, oneOf, and $ref within the schema. All else, such as pattern and format, counts as kept, as does
// everything beyond a bound on the work, so that "it fits" may be wrong and a fault never is. RapidJSON's own
// SchemaDocument is not used: it follows references in circles, doubles its work with each nested alternative, and
// knows draft 4 only. Both values are nested no deeper than depth_max.
std::optional<SchemaFault> schema_fault(const rapidjson::Value& schema, const rapidjson::Value& value);

}  // namespace schemas::dialect
