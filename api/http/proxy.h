// Hands a request to another server, and its answer back.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/http/request.h"
#include "api/http/response.h"
#include "api/http/upstreams.h"

namespace api::http {

// Bodies are streamed both ways, a piece at a time, so memory does not depend on their size. Fields that are about one
// connection (RFC 9110 §7.6.1) end here; Host and all others go through as they came, X-Request-Id with our id.
//
// Threading: any strand. Lifetime: outlives the requests it forwards; answers may outlive it.
class Proxy {
 public:
  struct Settings {
    using Duration = std::chrono::steady_clock::duration;
    Duration write_timeout = std::chrono::seconds(30);   // for each piece of the request
    Duration answer_timeout = std::chrono::seconds(60);  // from the request's end to the answer's head
    Duration refusal_timeout = std::chrono::seconds(2);  // the same where the server stopped reading the request
    Duration read_timeout = std::chrono::seconds(60);    // for each piece of the answer
    Upstreams::Settings upstreams = {};
  };

  Proxy() : Proxy(Settings{}) {}
  explicit Proxy(Settings settings);

  // `url`: "http://host:port". The answer's stream fails where the server goes away before its end.
  // Errors: unavailable (its text tells whether the request may have been carried out), and those of
  // request.body_stream.
  awaitable<core::Result<Response>> forward(std::string url, Request& request, Headers added);

 private:
  const Settings settings_;
  const std::shared_ptr<Upstreams> upstreams_;
};

}  // namespace api::http
