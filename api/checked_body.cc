#include "api/checked_body.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "api/http/problem.h"
#include "api/json_text.h"
#include "schemas/compact_json.h"
#include "schemas/manifest/json_text.h"
#include "schemas/rfc3339.h"

namespace api {

namespace {

constexpr std::size_t words_max = 16;

bool names_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type == "application/json" || content_type.ends_with("+json");
}

Place in_body(std::string_view name) {
  return {"body", std::string(name)};
}

std::string limit_context(const char* name, std::size_t limit) {
  JsonText json;
  json.number(name, limit);
  return std::move(json).finish();
}

}  // namespace

core::Result<CheckedBody> CheckedBody::read(const http::Request& request,
                                            std::initializer_list<std::string_view> members, RequestFaults& faults) {
  CheckedBody body(faults);
  if (request.body.empty()) return body;
  const auto content_type = request.headers.get("content-type");
  if (!content_type || !names_json(*content_type))
    return core::Error{core::ErrorCode::unsupported_media_type, "send the body as Content-Type: application/json"};
  const core::Result<std::string> json = schemas::compact_json(request.body);
  if (json.has_error()) {
    JsonText context;
    context.text("error", json.error().detail);
    const std::size_t byte = std::strtoull(json.error().param.c_str(), nullptr, 10);
    faults.add({{"body", byte}, "json_invalid", "JSON decode error", "{}", std::move(context).finish()});
    body.readable_ = false;
    return body;
  }
  const auto parts = schemas::manifest::split_object(*json);
  if (!parts) {
    faults.add({{"body"},
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
                shown_input(*json)});
    body.readable_ = false;
    return body;
  }
  for (const schemas::manifest::JsonMember& part : *parts) {
    const bool known = std::find(members.begin(), members.end(), part.name) != members.end();
    if (known && body.find(part.name) == nullptr)
      body.members_.push_back({part.name, std::string(part.value)});
    else
      faults.add({in_body(part.name), "extra_forbidden",
                  known ? "This member was given twice" : "Extra inputs are not permitted", shown_input(part.value)});
  }
  return body;
}

const std::string* CheckedBody::find(std::string_view name) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &found->json;
}

const std::string* CheckedBody::given(std::string_view name) const {
  const std::string* json = find(name);
  return json == nullptr || *json == "null" ? nullptr : json;
}

const std::string* CheckedBody::required(std::string_view name) {
  const std::string* json = find(name);
  if (json == nullptr && readable_) faults_->add({in_body(name), "missing", "Field required"});
  return json;
}

std::string CheckedBody::object(std::string_view name, std::size_t bytes_max) {
  const std::string* json = required(name);
  if (json == nullptr) return "";
  if (!json->starts_with('{'))
    faults_->add({in_body(name), "dict_type", "Input should be a valid dictionary", shown_input(*json)});
  else if (json->size() > bytes_max)
    faults_->add({in_body(name), "too_long", "Input should have at most " + std::to_string(bytes_max) + " bytes",
                  "null", limit_context("max_length", bytes_max)});
  return *json;
}

std::string CheckedBody::checked_text(std::string_view name, const std::string& json, std::size_t bytes_max) {
  if (!json.starts_with('"')) {
    faults_->add({in_body(name), "string_type", "Input should be a valid string", shown_input(json)});
    return "";
  }
  std::string text = schemas::manifest::decode_string(json).value_or("");
  if (text.empty())
    faults_->add({in_body(name), "string_too_short", "String should have at least 1 character", shown_input(json),
                  limit_context("min_length", 1)});
  else if (text.size() > bytes_max)
    faults_->add({in_body(name), "string_too_long",
                  "String should have at most " + std::to_string(bytes_max) + " characters", shown_input(json),
                  limit_context("max_length", bytes_max)});
  return text;
}

std::string CheckedBody::text(std::string_view name, std::size_t bytes_max) {
  const std::string* json = required(name);
  return json == nullptr ? "" : checked_text(name, *json, bytes_max);
}

std::string CheckedBody::word(std::string_view name, const std::vector<std::string>& words) {
  const std::string* json = required(name);
  if (json == nullptr) return "";
  std::string word = schemas::manifest::decode_string(*json).value_or("");
  check_word(word, words, in_body(name), shown_input(*json), *faults_);
  return word;
}

std::int64_t CheckedBody::integer(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t fallback) {
  const std::string* json = find(name);
  if (json == nullptr) return fallback;
  const char first = json->front();
  if (first == '"')
    return checked_integer(schemas::manifest::decode_string(*json).value_or(""), min, max, in_body(name),
                           shown_input(*json), *faults_);
  if (first != '-' && (first < '0' || first > '9')) {
    faults_->add({in_body(name), "int_type", "Input should be a valid integer", shown_input(*json)});
    return fallback;
  }
  const std::size_t point = json->find('.');
  if (point != std::string::npos && json->find_first_not_of('0', point + 1) != std::string::npos) {
    faults_->add({in_body(name), "int_from_float",
                  "Input should be a valid integer, got a number with a fractional part", shown_input(*json)});
    return fallback;
  }
  return checked_integer(json->substr(0, point), min, max, in_body(name), shown_input(*json), *faults_);
}

std::optional<std::string> CheckedBody::optional_text(std::string_view name, std::size_t bytes_max) {
  const std::string* json = given(name);
  if (json == nullptr) return std::nullopt;
  return checked_text(name, *json, bytes_max);
}

std::optional<core::Timestamp> CheckedBody::optional_time(std::string_view name) {
  const std::string* json = given(name);
  if (json == nullptr) return std::nullopt;
  const auto text = schemas::manifest::decode_string(*json);
  if (text) {
    if (const auto time = schemas::parse_rfc3339(*text); time.has_value()) return *time;
  }
  JsonText context;
  context.text("error", "give date, time and offset as in 2026-03-01T12:00:00Z");
  faults_->add({in_body(name), text ? "datetime_parsing" : "datetime_type", "Input should be a valid datetime",
                shown_input(*json), std::move(context).finish()});
  return std::nullopt;
}

std::vector<std::string> CheckedBody::optional_words(std::string_view name, const std::vector<std::string>& words) {
  std::vector<std::string> chosen;
  const std::string* json = given(name);
  if (json == nullptr) return chosen;
  const auto parts = schemas::manifest::split_array(*json);
  if (!parts) {
    faults_->add({in_body(name), "list_type", "Input should be a valid list", shown_input(*json)});
    return chosen;
  }
  if (parts->empty() || parts->size() > words_max)
    faults_->add({in_body(name), parts->empty() ? "too_short" : "too_long",
                  "List should have 1 to " + std::to_string(words_max) + " items", "null",
                  parts->empty() ? limit_context("min_length", 1) : limit_context("max_length", words_max)});
  for (std::size_t i = 0; i < parts->size() && i < words_max; ++i) {
    std::string word = schemas::manifest::decode_string((*parts)[i]).value_or("");
    check_word(word, words, {"body", std::string(name), i}, shown_input((*parts)[i]), *faults_);
    chosen.push_back(std::move(word));
  }
  return chosen;
}

}  // namespace api
