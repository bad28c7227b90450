// The request target: what stands between the method and the version in a request line.
#pragma once

#include <string>
#include <string_view>

#include "api/http/request.h"
#include "core/result.h"

namespace api::http {

struct Target {
  std::string path;
  Parameters query;
};

// Accepts origin form ("/v1/batches?limit=2") and absolute form ("http://host/v1/batches"); one reading only, so what
// could be read in two ways is refused: empty, "." and ".." segments, encoded slashes, control characters, invalid
// escapes, invalid UTF-8, fragments. A slash at the end is kept.
// Errors: invalid_request.
core::Result<Target> parse_target(std::string_view raw);

// What stands behind the "?", or the body of an HTML form: "+" is a space. Errors: invalid_request.
core::Result<Parameters> parse_query(std::string_view raw);

}  // namespace api::http
