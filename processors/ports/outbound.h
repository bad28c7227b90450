// What leaves by mail and webhook.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace processors {

struct MailMessage {
  core::MailId id;  // the same on every try: the receiver's idempotency key
  std::string to;
  std::string subject;
  std::string text;
  std::string html = {};  // says the same as `text`; may be empty
};

// Threading: any thread. `done` runs on any thread, once.
// Errors: invalid_request when this mail will never be taken; any other may pass, and the mail be sent again. Their
// texts may be logged: they hold no address and nothing of the mail.
class MailSender {
 public:
  virtual ~MailSender() = default;
  virtual void send(MailMessage message, std::function<void(core::Result<void>)> done) = 0;
};

struct WebhookRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct WebhookResponse {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
};

// Sends to addresses that strangers name: it must refuse what is not public, at every try, and follow no redirect.
// Threading: any thread. `done` runs on any thread, once. Errors: url_not_allowed, network_failed.
class WebhookSender {
 public:
  virtual ~WebhookSender() = default;
  virtual void post(WebhookRequest request, std::function<void(core::Result<WebhookResponse>)> done) = 0;
};

}  // namespace processors
