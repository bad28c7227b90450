#include "api/http/json_depth.h"

namespace api::http {

core::Result<void> check_json_depth(std::string_view text, int depth_max) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > depth_max) {
      return core::Error{core::ErrorCode::json_too_deep,
                         "The JSON is nested deeper than " + std::to_string(depth_max) + " levels."};
    }
  }
  return {};
}

}  // namespace api::http
