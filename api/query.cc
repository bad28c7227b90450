#include "api/query.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace api {

namespace {

core::Error invalid(std::string_view name, const std::string& what) {
  return {core::ErrorCode::invalid_request, "'" + std::string(name) + "' " + what, std::string(name)};
}

}  // namespace

core::Result<void> check_query(const http::Request& request, std::initializer_list<std::string_view> names) {
  const http::Parameters& given = request.query_parameters;
  for (auto parameter = given.begin(); parameter != given.end(); ++parameter) {
    const std::string& name = parameter->first;
    if (std::find(names.begin(), names.end(), name) == names.end())
      return invalid(name, "is not a query parameter of this request; remove it");
    const auto same_name = [&name](const auto& other) { return other.first == name; };
    if (std::any_of(given.begin(), parameter, same_name)) return invalid(name, "is given twice; give it once");
  }
  return {};
}

core::Result<std::uint32_t> query_number(const http::Request& request, std::string_view name, Bounds bounds,
                                         std::uint32_t absent) {
  const std::optional<std::string> text = request.query(name);
  if (!text) return absent;
  std::uint32_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || rest != end || number < bounds.min || number > bounds.max)
    return invalid(name, "must be an integer from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max));
  return number;
}

core::Result<bool> query_flag(const http::Request& request, std::string_view name) {
  const std::optional<std::string> text = request.query(name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  return invalid(name, "must be true or false");
}

}  // namespace api
