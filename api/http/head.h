// The head of an answer as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/http/response.h"

namespace api::http {

enum class Persistence { keep_alive, close };
enum class Version { http_1_0, http_1_1 };

struct Framing {
  std::optional<std::uint64_t> length;  // none: chunked, or until the connection closes for HTTP/1.0
  Persistence persistence;
  Version version;  // the client's
};

// Status line and fields with the empty line behind them. A response without a body by its status (204, 304) gets no
// length.
std::string render_head(const Response& response, const Framing& framing, const std::string& request_id);

bool status_has_body(int status);

}  // namespace api::http
