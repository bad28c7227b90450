// What a handler answers with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/http/awaitable.h"
#include "api/http/headers.h"
#include "core/result.h"

namespace api::http {

// A body that is pulled while it is sent, so that memory stays constant whatever its size.
//
// Lifetime: owned by the Response. One call at a time; destroyed unfinished when the client goes away.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Known: sent with Content-Length, and an error from the first next() still becomes an error answer.
  // Unknown (server-sent events): the head is sent at once, then a chunk for each piece.
  virtual std::optional<std::uint64_t> length() const = 0;
  // Between 1 and `bytes_max` bytes, empty at the end. May wait. An error cuts the connection: the client sees that
  // the body is not whole.
  virtual awaitable<core::Result<std::string>> next(std::size_t bytes_max) = 0;
};

// Framing (Content-Length, Transfer-Encoding, Connection), Date and X-Request-Id are the server's own; a handler's
// fields of these names are not sent. HEAD is answered by the GET handler's response without its body.
struct Response {
  explicit Response(int status_code) : status(status_code) {}

  int status;
  Headers headers;
  std::string body;
  std::unique_ptr<BodySource> stream;  // sent in place of `body` where set
};

// `body` is JSON text.
Response json(int status, std::string body);
// text/plain; charset=utf-8
Response text(int status, std::string body);
Response streamed(int status, std::string_view content_type, std::unique_ptr<BodySource> source);
Response no_content();

}  // namespace api::http
