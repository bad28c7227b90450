// Posts webhooks to addresses that strangers name.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "adapters/http_client/http_client.h"
#include "adapters/webhooks/resolver.h"
#include "adapters/webhooks/url_guard.h"
#include "processors/ports/outbound.h"

namespace adapters::webhooks {

struct WebhookSettings {
  UrlRules rules;
  std::chrono::milliseconds resolve_timeout{5'000};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{15'000};  // after the name is resolved
  std::size_t response_bytes_max = 64 << 10;        // read and thrown away; then the connection is closed
};

// At every try: resolves the name once, refuses the lot if any address is not public, connects to no other address.
// No redirect, no proxy, nothing of the response but its status and Retry-After. Without an answer from the resolver
// nothing is sent.
//
// Threading: post() from any thread; `done` runs on a thread of the resolver or of the client, once.
// Requires: both outlive it. Stop the resolver, then the client, before destroying either.
class WebhookPoster final : public processors::WebhookSender {
 public:
  WebhookPoster(Resolver& resolver, http_client::HttpClient& client, WebhookSettings settings,
                std::function<core::Timestamp()> clock);

  void post(processors::WebhookRequest request,
            std::function<void(core::Result<processors::WebhookResponse>)> done) override;

 private:
  Resolver& resolver_;
  http_client::HttpClient& client_;
  const WebhookSettings settings_;
  const std::function<core::Timestamp()> clock_;  // for a Retry-After that names a date
};

}  // namespace adapters::webhooks
