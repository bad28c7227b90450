// The HTTP/1.1 server: accepts, reads requests, calls handlers, writes answers. Knows nothing of what it serves.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/awaitable.h"
#include "api/http/router.h"
#include "api/http/trusted_proxies.h"
#include "core/result.h"

namespace api::http {

struct Settings {
  using Duration = std::chrono::steady_clock::duration;

  std::string address = "127.0.0.1";
  std::uint16_t port = 0;              // 0: the kernel picks one
  std::size_t connections_max = 4096;  // beyond: 503 and close
  std::size_t header_bytes_max = 16 * 1024;
  Duration header_timeout = std::chrono::seconds(10);  // from a request's first byte to the end of its header
  Duration idle_timeout = std::chrono::seconds(75);    // without a request
  // A body may fall behind this rate by at most the window.
  std::uint64_t body_bytes_per_second_min = 1024;
  Duration body_window = std::chrono::seconds(10);
  Duration write_timeout = std::chrono::seconds(30);  // for each 64 KiB
  // How long a client that was refused in the middle of sending may go on, so that it reads the answer, not a reset.
  Duration linger_timeout = std::chrono::seconds(2);
  // Whose pages may read answers (cross_origin.h).
  std::vector<std::string> cors_origins = {};
  TrustedProxies trusted_proxies = {};
};

// Called on the connection's strand; must neither block nor throw.
struct Hooks {
  // After the answer was sent or the client went away. A request that could not be parsed has an empty route.
  std::function<void(const Request&, int status, Settings::Duration, std::uint64_t bytes_sent)> request_finished = {};
  // A handler threw: the client got a 500 without details.
  std::function<void(const Request&, std::string_view what)> handler_failed = {};
};

// Threading: start() and stop() from any thread, not at the same time; each connection and its handlers run on their
// own strand of the executor. Handlers of different connections run in parallel where several threads run the context.
// Lifetime: once started, await stop() before destroying what handlers and hooks refer to.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, Settings settings, Router router, Hooks hooks = {});
  ~Server();

  // Takes the port without serving it yet: connections wait in the kernel's queue. Idempotent.
  // Errors: configuration_invalid (the address cannot be bound).
  core::Result<void> bind();
  // Binds, where that was not done, and serves. Idempotent. Errors: as bind().
  core::Result<void> start();

  std::uint16_t port() const;  // once bound
  const Router& router() const;

  // Stops accepting, closes idle connections, lets requests in flight finish, and cuts them off at the deadline:
  // whatever their handlers wait for is cancelled. Returns when no handler runs any more. Idempotent.
  awaitable<void> stop(Settings::Duration deadline);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace api::http
