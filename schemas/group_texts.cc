#include "schemas/group_texts.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>

#include <cstddef>
#include <string>

namespace schemas {

namespace {

constexpr std::string_view type_prefix = "batchrouter.";
constexpr std::string_view type_version = ".v1";
constexpr std::string_view data_member = "\"data\":";

core::Error malformed() {
  return core::Error{core::ErrorCode::malformed_event, "a group of events that is not a JSON array of objects"};
}

// Behind the text that begins at `at` with a quotation mark; npos when it does not end.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    at = json.find_first_of("\"\\", at);
    if (at == std::string_view::npos || json[at] == '"') break;
    ++at;  // what is escaped
  }
  return at >= json.size() ? std::string_view::npos : at + 1;
}

// Behind the object that begins at `at`; npos when it does not end.
std::size_t end_of_object(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    at = json.find_first_of("\"{}", at);
    if (at == std::string_view::npos) break;
    if (json[at] == '"') {
      at = end_of_text(json, at);
      continue;
    }
    if (json[at++] == '{')
      ++depth;
    else if (--depth == 0)
      return at;
  }
  return std::string_view::npos;
}

}  // namespace

core::Result<std::vector<std::string_view>> split_group(std::string_view value) {
  if (!value.starts_with('[') || !value.ends_with(']') || value.size() < 2) return malformed();
  std::vector<std::string_view> events;
  std::size_t at = 1;
  while (value[at] == '{') {
    const std::size_t end = end_of_object(value, at);
    if (end == std::string_view::npos || end >= value.size()) return malformed();
    events.push_back(value.substr(at, end - at));
    at = value[end] == ',' ? end + 1 : end;
  }
  if (at != value.size() - 1) return malformed();
  return events;
}

std::string_view attribute_of(std::string_view event, std::string_view name) {
  const std::string member = "\"" + std::string(name) + "\":\"";
  const std::size_t at = event.find(member);
  if (at == std::string_view::npos || at > event.find(data_member)) return {};
  const std::size_t begin = at + member.size();
  const std::size_t end = event.find('"', begin);
  return end == std::string_view::npos ? std::string_view{} : event.substr(begin, end - begin);
}

std::string pretty_json(std::string_view json) {
  rapidjson::MemoryStream stream(json.data(), json.size());
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  rapidjson::Reader reader;
  if (!reader.Parse<rapidjson::kParseIterativeFlag>(stream, writer)) return std::string(json);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string_view short_type(std::string_view type) {
  if (!type.starts_with(type_prefix) || !type.ends_with(type_version)) return type;
  type.remove_prefix(type_prefix.size());
  type.remove_suffix(type_version.size());
  return type;
}

}  // namespace schemas
