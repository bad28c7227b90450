#include "schemas/queue/job_result.h"

#include <optional>

#include "schemas/compact_json.h"
#include "schemas/dialect/json.h"
#include "schemas/json_codec.h"
#include "schemas/json_scalar.h"

namespace schemas::queue {

namespace {

using rapidjson::Value;

core::Error unreadable() {
  return {core::ErrorCode::blob_corrupt, "a job's result row cannot be read"};
}

const Value* member(const Value* json, const char* name) {
  if (json == nullptr || !json->IsObject()) return nullptr;
  const auto found = json->FindMember(name);
  return found == json->MemberEnd() ? nullptr : &found->value;
}

template <class T>
bool read_member(const Value* json, const char* name, T& value) {
  const Value* found = member(json, name);
  return found != nullptr && read_scalar(*found, value);
}

bool parse_row(std::string_view row, rapidjson::Document& json) {
  json.Parse<rapidjson::kParseIterativeFlag>(row.data(), row.size());
  return !json.HasParseError() && json.IsObject();
}

// The object that an answer is, or that it has between its first and last brace: models like to fence what they write.
std::optional<std::string> json_object_in(std::string_view text) {
  const std::size_t begin = text.find('{');
  const std::size_t end = text.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  core::Result<std::string> object = compact_json(text.substr(begin, end - begin + 1));
  if (object.has_error()) return std::nullopt;
  return std::move(*object);
}

std::string answered_text(const rapidjson::Document& row) {
  const Value* messages = member(member(&row, "output"), "messages");
  std::string text;
  if (messages == nullptr || !messages->IsArray() || messages->Empty()) return text;
  read_member(&(*messages)[0], "content", text);
  return dialect::valid_utf8(text);
}

}  // namespace

core::Result<JobRow> parse_job_row(std::string_view text) {
  rapidjson::Document json;
  JobRow row;
  std::string status;
  if (!parse_row(text, json) || !read_member(&json, "customer_item_id", row.job) ||
      !read_member(&json, "status", status))
    return unreadable();
  row.completed = status == "completed";
  const Value* error = member(&json, "error");
  const Value* usage = member(&json, "usage");
  const Value* cost = member(&json, "cost");
  std::string amount;
  if (!row.completed && (!read_member(error, "code", row.error_code) || row.error_code.empty())) return unreadable();
  read_member(error, "message", row.error_message);
  if (!read_member(usage, "input_tokens", row.input_tokens) ||
      !read_member(usage, "cached_tokens", row.cached_tokens) ||
      !read_member(usage, "output_tokens", row.output_tokens) || !read_member(cost, "amount", amount))
    return unreadable();
  const core::Result<core::Money> money = core::money_from_decimal(amount);
  if (money.has_error()) return unreadable();
  row.cost = *money;
  return row;
}

core::Result<std::string> render_job_result(std::string_view text, std::string_view type, std::string_view status) {
  rapidjson::Document row;
  core::JobId job;
  if (!parse_row(text, row) || !read_member(&row, "customer_item_id", job)) return unreadable();
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  const auto put = [&](const char* name, std::string_view value) {
    writer.Key(name);
    write_text(writer, value);
  };
  const auto copy = [&](const char* name) {
    writer.Key(name);
    if (const Value* value = member(&row, name))
      value->Accept(writer);
    else
      writer.Null();
  };
  writer.StartObject();
  put("job_id", job.value());
  put("job_type", type);
  put("status", status);
  const std::string answer = answered_text(row);
  const std::optional<std::string> object = json_object_in(answer);
  writer.Key("output");
  if (object)
    writer.RawValue(object->data(), object->size(), rapidjson::kObjectType);
  else
    writer.Null();
  writer.Key("text");
  if (answer.empty())
    writer.Null();
  else
    write_text(writer, answer);
  for (const char* name : {"model", "provider", "finish_reason", "usage", "cost", "error"}) copy(name);
  if (row.HasMember("simulated")) copy("simulated");
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace schemas::queue
