// Connections to other servers, and those that wait for another request.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/files/files.h"
#include "api/http/awaitable.h"
#include "api/http/transport.h"
#include "core/result.h"

namespace api::http {

// Threading: any thread; a connection belongs to the strand of the coroutine that opened it until it is kept here
// again.
class Upstreams {
 public:
  using Clock = std::chrono::steady_clock;

  struct Settings {
    Clock::duration connect_timeout = std::chrono::seconds(2);  // and as long again to look up a name
    Clock::duration idle_max = std::chrono::seconds(30);        // less than a server waits for another request
    std::size_t idle_connections_max = 256;                     // to all servers; beyond: the oldest are closed
    std::size_t buffer_bytes = 64 * 1024;
  };

  Upstreams() = default;
  explicit Upstreams(Settings settings) : settings_(settings) {}

  // One that waited, or a new one. `url`: "http://host:port" and no more. Errors: unavailable.
  awaitable<core::Result<std::shared_ptr<Transport>>> open(std::string url);
  // After a whole exchange, when the server keeps the connection open.
  void keep(const std::string& url, Transport& connection);

 private:
  struct Idle {
    std::string url;
    adapters::files::Descriptor socket;
    Clock::time_point since;
  };

  adapters::files::Descriptor take(const std::string& url);

  const Settings settings_;
  std::mutex mutex_;      // guards what follows
  std::list<Idle> idle_;  // kept last first
};

}  // namespace api::http
