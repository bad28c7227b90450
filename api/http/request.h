// What a handler is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/awaitable.h"
#include "api/http/headers.h"
#include "core/result.h"

namespace api::http {

enum class Method { get, head, post, put, patch, delete_, options, other };

// "GET"; "OTHER" for what is none of ours.
std::string_view to_string(Method method);
Method parse_method(std::string_view text);

using Parameters = std::vector<std::pair<std::string, std::string>>;

// The body of a request, pulled piece by piece on routes that stream.
//
// Lifetime: as long as the Request; one read at a time.
// The client must keep up with the server's minimum rate while a read waits; time the handler takes is not counted.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // From Content-Length; none when the body is chunked.
  virtual std::optional<std::uint64_t> length() const = 0;
  // Between 1 and `bytes_max` bytes, empty at the end. After an error every further read gives the same error.
  // Errors: payload_too_large, request_timeout, invalid_request (broken framing, or the client went away).
  virtual awaitable<core::Result<std::string>> read(std::size_t bytes_max) = 0;
};

enum class Sender { client, node };  // node: another one of ours, which a client had asked

// Lifetime: outlives the handler's coroutine, not more.
struct Request {
  Method method = Method::other;
  std::string target;  // as it came, not decoded
  std::string path;    // decoded; one leading slash, no empty, "." or ".." segments, valid UTF-8, no control characters
  Parameters query_parameters;  // decoded, in order, repeated names kept
  Parameters path_parameters;   // from the route's pattern
  Headers headers;
  std::string route;                  // the pattern that matched; empty when none did. Safe as a metric's label.
  std::string request_id;             // the client's, or ours
  std::string remote_address;         // of the client, without the port: the peer, or who stands behind trusted proxies
  std::string body;                   // on routes with a small body
  BodyReader* body_stream = nullptr;  // on routes that stream, never null there
  Sender sender = Sender::client;

  // The first one of that name.
  std::optional<std::string> query(std::string_view name) const;
  // `name` must be in the route's pattern.
  const std::string& path_parameter(std::string_view name) const;
};

}  // namespace api::http
