// Reads the small JSON bodies of requests: strict, with errors that name the member and the remedy.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/request.h"
#include "core/result.h"

namespace api {

class JsonBody {
 public:
  // An object with no members but those named. An empty body counts as {}.
  // Errors: unsupported_media_type, malformed_json, json_too_deep, invalid_request (no object), unknown_field.
  static core::Result<JsonBody> parse(const http::Request& request, std::initializer_list<std::string_view> members);

  bool has(std::string_view name) const;  // given, and not null

  // Errors, naming the member: invalid_request when it is missing, of another type, or out of bounds.
  core::Result<std::string> text(std::string_view name, std::size_t bytes_max) const;
  core::Result<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max) const;
  core::Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max,
                                               std::size_t bytes_max) const;

  // The same; absent or null is no error. A score is a number from 0 to 1.
  core::Result<std::optional<std::string>> optional_text(std::string_view name, std::size_t bytes_max) const;
  core::Result<std::optional<std::int64_t>> optional_integer(std::string_view name, std::int64_t min,
                                                             std::int64_t max) const;
  core::Result<std::optional<double>> optional_score(std::string_view name) const;

 private:
  struct Document;
  std::shared_ptr<const Document> document_;
};

}  // namespace api
