#include "schemas/journal_codec.h"

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

namespace {

constexpr std::string_view type_prefix = "batchrouter.";
constexpr std::string_view type_version = ".v1";

std::string_view short_name(const core::Event& event) {
  return std::visit([]<class T>(const T&) { return TypeName<T>::value; }, event);
}

core::Error malformed(std::size_t index, const std::string& what) {
  return {core::ErrorCode::malformed_event, "event " + std::to_string(index) + " of the group: " + what};
}

void write_attribute(JsonWriter& writer, const char* name, std::string_view value) {
  writer.Key(name);
  write_text(writer, value);
}

std::string_view attribute(const rapidjson::Value& json, const char* name) {
  const auto found = json.FindMember(name);
  return found != json.MemberEnd() && found->value.IsString() ? text_of(found->value) : std::string_view{};
}

core::Result<RecordedEvent> decode_one(const rapidjson::Value& json, std::size_t index) {
  if (!json.IsObject()) return malformed(index, "it is not an object");
  std::string_view type = attribute(json, "type");
  const auto data = json.FindMember("data");
  const bool ours = type.starts_with(type_prefix) && type.substr(type_prefix.size()).ends_with(type_version);
  if (!ours || data == json.MemberEnd())
    return malformed(index, "its type or data is missing or of a version this program does not know");
  type.remove_prefix(type_prefix.size());
  type.remove_suffix(type_version.size());

  RecordedEvent event;
  event.cause = core::CommandId(std::string(attribute(json, "causationid")));
  event.aggregate = core::AggregateKey(std::string(attribute(json, "subject")));
  std::string path;
  if (!Codec<core::Event>::read_named(type, data->value, event.event, path))
    return malformed(index, "its type " + std::string(type) + " is unknown, or data" + path + " cannot be read");
  return event;
}

}  // namespace

std::string event_type(const core::Event& event) {
  return std::string(type_prefix).append(short_name(event)).append(type_version);
}

GroupWriter::GroupWriter(core::Partition partition, core::Timestamp time)
    : source_("/batchrouter/partitions/" + std::to_string(partition.value())), time_(to_rfc3339(time)), text_("[") {}

void GroupWriter::add(const RecordedEvent& event) {
  const std::string type = event_type(event.event);
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write_attribute(writer, "specversion", "1.0");
  write_attribute(writer, "id", event.cause.value() + "." + std::to_string(count_));
  write_attribute(writer, "source", source_);
  write_attribute(writer, "type", type);
  write_attribute(writer, "subject", event.aggregate.value());
  write_attribute(writer, "time", time_);
  write_attribute(writer, "dataschema", "urn:" + type);
  write_attribute(writer, "causationid", event.cause.value());
  writer.Key("data");
  std::visit([&](const auto& data) { write_json(writer, data); }, event.event);
  writer.EndObject();
  if (count_++ > 0) text_.push_back(',');
  text_.append(buffer.GetString(), buffer.GetSize());
}

std::string GroupWriter::finish() && {
  text_.push_back(']');
  return std::move(text_);
}

core::Result<std::vector<RecordedEvent>> decode_group(std::string_view value) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(value.data(), value.size());
  if (document.HasParseError() || !document.IsArray())
    return core::Error{core::ErrorCode::malformed_event, "a group of events that is not a JSON array"};
  std::vector<RecordedEvent> events;
  events.reserve(document.Size());
  for (const rapidjson::Value& json : document.GetArray()) {
    core::Result<RecordedEvent> event = decode_one(json, events.size());
    if (event.has_error()) return event.error();
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace schemas
