#include "api/json_text.h"

#include <cstdio>
#include <utility>

#include "api/http/problem.h"
#include "schemas/rfc3339.h"

namespace api {

void JsonText::separate() {
  if (text_.back() != '{' && text_.back() != '[') text_.push_back(',');
}

void JsonText::name(std::string_view name) {
  separate();
  text_.push_back('"');
  text_ += name;  // ours: plain letters
  text_ += "\":";
}

JsonText& JsonText::text(std::string_view name, std::string_view value) {
  return json(name, http::json_string(value));
}

JsonText& JsonText::text_or_null(std::string_view name, std::string_view value) {
  return value.empty() ? null(name) : text(name, value);
}

JsonText& JsonText::score(std::string_view name, double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.4g", value);
  return json(name, digits);
}

JsonText& JsonText::boolean(std::string_view name, bool value) {
  return json(name, value ? "true" : "false");
}
JsonText& JsonText::null(std::string_view name) {
  return json(name, "null");
}

JsonText& JsonText::time(std::string_view name, core::Timestamp value) {
  return text(name, schemas::to_rfc3339(value));
}

JsonText& JsonText::time_or_null(std::string_view name, const std::optional<core::Timestamp>& value) {
  return value ? time(name, *value) : null(name);
}

JsonText& JsonText::money(std::string_view name, core::Money value) {
  return json(name, money_json(value));
}

JsonText& JsonText::json(std::string_view member, std::string_view value) {
  name(member);
  text_ += value;
  return *this;
}

JsonText& JsonText::object(std::string_view member) {
  return json(member, "{");
}
JsonText& JsonText::array(std::string_view member) {
  return json(member, "[");
}

JsonText& JsonText::element() {
  return element_json("{");
}
JsonText& JsonText::element(std::string_view value) {
  return element_json(http::json_string(value));
}

JsonText& JsonText::element_json(std::string_view value) {
  separate();
  text_ += value;
  return *this;
}

JsonText& JsonText::end_object() {
  text_.push_back('}');
  return *this;
}

JsonText& JsonText::end_array() {
  text_.push_back(']');
  return *this;
}

std::string JsonText::finish() && {
  text_.push_back('}');
  return std::move(text_);
}

std::string money_json(core::Money value) {
  return "{\"amount\":\"" + core::to_decimal(value) + "\",\"currency\":\"usd\"}";
}

}  // namespace api
