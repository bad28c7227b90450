// All outbound HTTP: many requests at once on one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace adapters::http_client {

using Headers = std::vector<std::pair<std::string, std::string>>;

enum class BodyFlow {
  more,
  enough,  // ends the transfer here; what came so far counts as the response
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http or https; credentials belong in a header
  Headers headers;
  std::string body;

  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{60'000};  // from start to the last byte of the response

  std::size_t response_bytes_max = 1 << 20;  // of the body; a longer one is refused with payload_too_large

  // When set, these IP addresses are the only ones that may be connected to, whatever the name in the URL resolves to
  // (an empty list: none). The name still counts for Host, SNI and the certificate. Such a request uses no proxy and
  // shares no connection with another.
  std::optional<std::vector<std::string>> pinned_addresses;

  // On a connection of its own: libcurl sends a request once more when a kept connection ends without a byte of answer,
  // and a server may have acted on the first. For what must never happen twice.
  bool fresh_connection = false;

  // When set, the body goes here as it arrives, on the client's thread, and HttpResponse::body stays empty.
  std::function<BodyFlow(int status, std::string_view chunk)> on_body_chunk;
};

// Durations since the start of the request.
struct HttpTimes {
  std::chrono::microseconds connected{};   // zero on a reused connection
  std::chrono::microseconds first_byte{};  // of the response
  std::chrono::microseconds total{};
};

struct HttpResponse {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
  HttpTimes times;

  // The first header of that name (given in lower case).
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpClientSettings {
  std::size_t requests_max = 4'096;        // running at once; one more is refused with overloaded
  std::size_t idle_connections_max = 256;  // kept for reuse
  std::string ca_file;                     // PEM; empty: the system's certificate authorities
};

// Keeps connections alive and speaks HTTP/2 where the server offers it. Certificates are always verified, redirects
// never followed, no cookie is kept.
//
// Threading: send() and stop() from any thread; callbacks run on the client's one thread and must be brief. They may
// call send(), but neither stop() nor the destructor.
// Guarantee: `done` of every request is called exactly once, at the latest by stop(), never after it has returned
// (except by a later send() itself, which is refused with unavailable).
// Errors: network_failed (also after a time-out: the server may have acted on the request), payload_too_large,
// invalid_request. Nothing was sent: overloaded, unavailable (no connection could be made, or the client has been
// stopped; what stop() ends may have been sent all the same).
class HttpClient {
 public:
  explicit HttpClient(HttpClientSettings settings = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(HttpRequest request, std::function<void(core::Result<HttpResponse>)> done);

  // Ends all running requests and waits until their callbacks have returned. Idempotent.
  void stop();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace adapters::http_client
