// Bytes -> request head and body. Beast's parser behind a small face: no I/O here, and no Beast outside parser.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/headers.h"
#include "core/result.h"

namespace api::http {

// Parses one request. Refuses what two parsers could read differently: both Transfer-Encoding and Content-Length,
// codings other than chunked, bare line feeds, folded lines, a missing or repeated Host. Threading: none of its own.
class Parser {
 public:
  explicit Parser(std::size_t header_bytes_max);
  ~Parser();

  // Both consume a prefix of `bytes` and say how long it was; what is left is passed again, with more behind it.
  // After an error the parser is spent.

  // Errors: invalid_request, header_too_large.
  core::Result<std::size_t> parse_header(std::string_view bytes);
  bool header_done() const;

  // Appends up to `room` (> 0) bytes of the decoded body to `body`. 0 consumed: `bytes` ends within a chunk's framing.
  // Requires: header_done(), not done(), `bytes` not empty. Errors: invalid_request.
  core::Result<std::size_t> parse_body(std::string_view bytes, std::size_t room, std::string& body);
  bool done() const;  // the whole request was consumed

  // Valid as far as they have been parsed, also after an error.
  const std::string& method() const;
  const std::string& target() const;
  Headers& headers();

  // Valid once header_done().
  bool is_http_1_0() const;
  bool keep_alive() const;
  bool expects_continue() const;
  std::optional<std::uint64_t> content_length() const;  // none: chunked, or no body
  std::optional<std::uint64_t> remaining() const;       // bytes of the body still to come; none: chunked and not done

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace api::http
