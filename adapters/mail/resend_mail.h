#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "adapters/http_client/http_client.h"
#include "core/sealed.h"
#include "processors/ports/outbound.h"

namespace adapters::mail {

struct ResendSettings {
  core::Secret api_key;
  std::string from;  // "Name <address>" or an address, of a domain that Resend knows as ours
  std::string base_url = "https://api.resend.com";  // without a slash at its end
  std::chrono::milliseconds timeout{15'000};
};

// Mail through Resend's API. One try a call: who sends decides when to try again.
//
// Threading: any thread; `done` runs on the client's.
// Delivery:  the mail's id is the Idempotency-Key, so that Resend sends it once a day however often it is asked.
// Requires:  the client outlives it.
class ResendMail final : public processors::MailSender {
 public:
  ResendMail(http_client::HttpClient& client, ResendSettings settings)
      : client_(client), settings_(std::move(settings)) {}

  // Errors: invalid_request (Resend will never take this mail); configuration_invalid (it refuses the key or the
  // sender), overloaded (it has had enough for now), network_failed.
  void send(processors::MailMessage message, std::function<void(core::Result<void>)> done) override;

 private:
  http_client::HttpClient& client_;
  const ResendSettings settings_;
};

}  // namespace adapters::mail
