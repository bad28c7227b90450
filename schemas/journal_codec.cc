#include "schemas/journal_codec.h"

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

namespace {

constexpr std::string_view type_prefix = "batchrouter.";
constexpr std::string_view type_version = ".v1";
constexpr std::size_t event_bytes_typical = 600;

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

using EventCodec = Codec<core::Event>;

// "batch.accepted" of "batchrouter.batch.accepted.v1"; empty when it is none of ours.
std::string_view short_name_of(std::string_view type) {
  if (!type.starts_with(type_prefix)) return {};
  type.remove_prefix(type_prefix.size());
  if (!type.ends_with(type_version)) return {};
  type.remove_suffix(type_version.size());
  return type;
}

// The type of an event stands before its data, as we write it.
core::Result<void> read_event(JsonReader& json, std::size_t index, RecordedEvent& event) {
  if (!json.begin_object()) return malformed(index, "it is not an object");
  EventCodec::Read read = nullptr;  // the data of its type
  bool has_data = false;
  std::string_view name, text;
  while (json.next_member(name)) {
    if (name == "type") {
      if (!json.read_text(text)) break;
      read = EventCodec::reader_of(short_name_of(text));
      if (read == nullptr)
        return malformed(index, "its type '" + std::string(text) + "' is none that this program knows");
    } else if (name == "causationid") {
      if (json.read_text(text)) event.cause = core::CommandId(std::string(text));
    } else if (name == "subject") {
      if (json.read_text(text)) event.aggregate = core::AggregateKey(std::string(text));
    } else if (name == "data" && read != nullptr && !has_data) {
      std::string path;
      has_data = read(json, event.event, path);
      if (!has_data) return malformed(index, "data" + path + " cannot be read");
    } else {
      json.skip(text);
    }
  }
  if (json.failed() || !has_data) return malformed(index, "its type or data is missing, or its JSON is broken");
  return {};
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
  JsonReader json(value);
  std::vector<RecordedEvent> events;
  events.reserve(value.size() / event_bytes_typical + 1);
  json.begin_array();
  while (json.next_element()) {
    RecordedEvent& event = events.emplace_back();
    if (const core::Result<void> read = read_event(json, events.size() - 1, event); read.has_error())
      return read.error();
  }
  if (!json.at_end())
    return core::Error{core::ErrorCode::malformed_event, "a group of events that is not a JSON array"};
  return events;
}

}  // namespace schemas
