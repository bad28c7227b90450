// Mail and webhooks that go nowhere, and are remembered.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/outbound.h"

namespace processors::testing {

// Threading: one thread at a time.
class FakeMail final : public MailSender {
 public:
  void send(MailMessage message, std::function<void(core::Result<void>)> done) override {
    tried.push_back(std::move(message));
    if (std::exchange(fail_next_send_, false))
      return done(core::Error{core::ErrorCode::network_failed, "the server does not answer"});
    if (std::exchange(refuse_next_send_, false))
      return done(core::Error{core::ErrorCode::invalid_request, "the server will never take this mail"});
    ++sent;
    done({});
  }

  void fail_next_send() { fail_next_send_ = true; }
  void refuse_next_send() { refuse_next_send_ = true; }

  std::vector<MailMessage> tried;
  int sent = 0;

 private:
  bool fail_next_send_ = false;
  bool refuse_next_send_ = false;
};

class FakeWebhookSender final : public WebhookSender {
 public:
  void post(WebhookRequest request, std::function<void(core::Result<WebhookResponse>)> done) override {
    posted.push_back(std::move(request));
    if (answers_.empty()) return done(WebhookResponse{200, {}});
    core::Result<WebhookResponse> answer = std::move(answers_.front());
    answers_.pop_front();
    done(std::move(answer));
  }

  // In turn; once they are used up, 200.
  void answer_next(int status) { answers_.emplace_back(WebhookResponse{status, {}}); }
  void fail_next() { answers_.emplace_back(core::Error{core::ErrorCode::network_failed, "nobody answers"}); }

  std::vector<WebhookRequest> posted;

 private:
  std::deque<core::Result<WebhookResponse>> answers_;
};

inline std::string header(const WebhookRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace processors::testing
