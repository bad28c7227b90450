#include "api/http/request.h"

#include "core/invariant.h"

namespace api::http {

namespace {

const std::string* find(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::delete_: return "DELETE";
    case Method::options: return "OPTIONS";
    case Method::other: return "OTHER";
  }
  return "OTHER";
}

Method parse_method(std::string_view text) {
  for (const Method method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_, Method::options}) {
    if (text == to_string(method)) return method;
  }
  return Method::other;
}

std::optional<std::string> Request::query(std::string_view name) const {
  const std::string* value = find(query_parameters, name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

const std::string& Request::path_parameter(std::string_view name) const {
  const std::string* value = find(path_parameters, name);
  INVARIANT(value != nullptr);
  return *value;
}

}  // namespace api::http
