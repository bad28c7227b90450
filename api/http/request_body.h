// The body of the request being served, read off its connection under the route's limit and the server's minimum rate.
#pragma once

#include <optional>

#include "api/http/parser.h"
#include "api/http/request.h"
#include "api/http/server.h"
#include "api/http/transport.h"

namespace api::http {

// Lifetime: of one exchange; the transport, the parser and the settings outlive it.
class RequestBody final : public BodyReader {
 public:
  RequestBody(Transport& transport, Parser& parser, const Settings& settings);

  // Refuses at once what announces itself as larger. Errors: payload_too_large.
  core::Result<void> limit(std::uint64_t bytes_max);

  std::optional<std::uint64_t> length() const override { return parser_.content_length(); }
  awaitable<core::Result<std::string>> read(std::size_t bytes_max) override;
  awaitable<core::Result<std::string>> read_all();

  // Whether the connection can carry another request once discard() was done.
  bool discardable() const;
  // What nobody read. False: the connection cannot be used any more.
  awaitable<bool> discard();

 private:
  awaitable<void> receive();  // more bytes, or error_
  core::Error too_large() const;

  Transport& transport_;
  Parser& parser_;
  const Settings& settings_;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool continue_awaited_;         // the client holds the body back until it is told to go on
  Settings::Duration allowance_;  // how long the client may still keep us waiting
  std::optional<core::Error> error_ = std::nullopt;
};

}  // namespace api::http
