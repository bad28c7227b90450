// Members of a document that was read as a whole, because its other parts may be anything. Private to schemas: include
// it in .cc files only.
#pragma once

#include <rapidjson/document.h>

#include "schemas/json_codec.h"

namespace schemas {

// False when the JSON is not of this type, which is a text, a number, a word, or made of one.
template <class T>
bool read_scalar(const rapidjson::Value& json, T& value) {
  if (json.IsObject() || json.IsArray()) return false;
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  json.Accept(writer);
  std::string path;
  return from_json_text({text.GetString(), text.GetSize()}, value, path);
}

}  // namespace schemas
