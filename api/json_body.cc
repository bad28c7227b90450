#include "api/json_body.h"

#include <rapidjson/document.h>

#include <algorithm>

#include "schemas/compact_json.h"

namespace api {

struct JsonBody::Document {
  rapidjson::Document json;

  const rapidjson::Value* find(std::string_view name) const {
    const auto member = json.FindMember(
        rapidjson::Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
    return member == json.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
  }
};

namespace {

core::Error invalid(std::string_view name, const std::string& what) {
  return {core::ErrorCode::invalid_request, "'" + std::string(name) + "' " + what, std::string(name)};
}

bool names_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type == "application/json" || content_type.ends_with("+json");
}

std::string text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

core::Result<std::string> checked_text(std::string_view name, const rapidjson::Value& value, std::size_t bytes_max) {
  if (!value.IsString()) return invalid(name, "must be a string");
  if (value.GetStringLength() == 0) return invalid(name, "must not be empty");
  if (value.GetStringLength() > bytes_max)
    return invalid(name, "must have at most " + std::to_string(bytes_max) + " bytes");
  return text_of(value);
}

}  // namespace

core::Result<JsonBody> JsonBody::parse(const http::Request& request, std::initializer_list<std::string_view> members) {
  auto document = std::make_shared<Document>();
  if (request.body.empty()) {
    document->json.SetObject();
  } else {
    const auto content_type = request.headers.get("content-type");
    if (!content_type || !names_json(*content_type))
      return core::Error{core::ErrorCode::unsupported_media_type, "send the body as Content-Type: application/json"};
    const core::Result<std::string> json = schemas::compact_json(request.body);
    if (json.has_error() && json.error().code == core::ErrorCode::json_too_deep)
      return core::Error{core::ErrorCode::json_too_deep, "the body is " + json.error().detail};
    if (json.has_error())
      return core::Error{core::ErrorCode::malformed_json, "the body is not JSON: byte " + json.error().param};
    document->json.Parse<rapidjson::kParseIterativeFlag>(json->data(), json->size());
    if (document->json.HasParseError()) return core::Error{core::ErrorCode::malformed_json, "the body is not JSON"};
    if (!document->json.IsObject())
      return core::Error{core::ErrorCode::invalid_request, "the body must be a JSON object"};
  }
  for (const auto& member : document->json.GetObject()) {
    const std::string name = text_of(member.name);
    if (std::find(members.begin(), members.end(), name) == members.end())
      return core::Error{core::ErrorCode::unknown_field, "'" + name + "' is not a member of this request; remove it",
                         name};
  }
  JsonBody body;
  body.document_ = std::move(document);
  return body;
}

bool JsonBody::has(std::string_view name) const {
  return document_->find(name) != nullptr;
}

core::Result<std::string> JsonBody::text(std::string_view name, std::size_t bytes_max) const {
  const rapidjson::Value* value = document_->find(name);
  if (value == nullptr) return invalid(name, "is required");
  return checked_text(name, *value, bytes_max);
}

core::Result<std::int64_t> JsonBody::integer(std::string_view name, std::int64_t min, std::int64_t max) const {
  const rapidjson::Value* value = document_->find(name);
  if (value == nullptr) return invalid(name, "is required");
  if (!value->IsInt64() || value->GetInt64() < min || value->GetInt64() > max)
    return invalid(name, "must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return value->GetInt64();
}

core::Result<std::vector<std::string>> JsonBody::texts(std::string_view name, std::size_t count_max,
                                                       std::size_t bytes_max) const {
  const rapidjson::Value* value = document_->find(name);
  if (value == nullptr) return invalid(name, "is required");
  if (!value->IsArray() || value->Empty() || value->Size() > count_max)
    return invalid(name, "must be an array of 1 to " + std::to_string(count_max) + " strings");
  std::vector<std::string> texts;
  for (const rapidjson::Value& element : value->GetArray()) {
    core::Result<std::string> text = checked_text(name, element, bytes_max);
    if (text.has_error()) return text.error();
    texts.push_back(std::move(*text));
  }
  return texts;
}

core::Result<std::optional<std::string>> JsonBody::optional_text(std::string_view name, std::size_t bytes_max) const {
  if (!has(name)) return std::optional<std::string>{};
  core::Result<std::string> value = text(name, bytes_max);
  if (value.has_error()) return value.error();
  return std::optional(std::move(*value));
}

core::Result<std::optional<std::int64_t>> JsonBody::optional_integer(std::string_view name, std::int64_t min,
                                                                     std::int64_t max) const {
  if (!has(name)) return std::optional<std::int64_t>{};
  const core::Result<std::int64_t> value = integer(name, min, max);
  if (value.has_error()) return value.error();
  return std::optional(*value);
}

core::Result<std::optional<double>> JsonBody::optional_score(std::string_view name) const {
  const rapidjson::Value* value = document_->find(name);
  if (value == nullptr) return std::optional<double>{};
  if (!value->IsNumber() || value->GetDouble() < 0 || value->GetDouble() > 1)
    return invalid(name, "must be a number from 0 to 1");
  return std::optional(value->GetDouble());
}

}  // namespace api
