// JSON Schema as far as it is used to ask models for output.
#pragma once

#include <rapidjson/fwd.h>

namespace schemas::dialect {

// Checks type, enum, const, properties, required, additionalProperties, minProperties, maxProperties, items,
// prefixItems, minItems, maxItems, minLength, maxLength, minimum, maximum, their exclusive forms (of draft 4 too),
// allOf, anyOf, oneOf, and $ref within the schema. All else, such as pattern and format, counts as kept, as does
// everything beyond a bound on the work, so that true may be wrong and false never is. RapidJSON's own SchemaDocument
// is not used: it follows references in circles, doubles its work with each nested alternative, and knows draft 4 only.
// Both values are nested no deeper than depth_max.
bool fits_schema(const rapidjson::Value& schema, const rapidjson::Value& value);

}  // namespace schemas::dialect
