// How mail leaves.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/http_client/http_client.h"
#include "adapters/mail/smtp_mail.h"
#include "core/time.h"
#include "ops/config.h"
#include "processors/ports/log.h"
#include "processors/ports/outbound.h"

namespace ops {

// In GET /v1/runtime: local_outbox, resend or smtp.
std::string email_feature(MailKind kind);

// The sender that the settings name. Threading: open() and stop() from one thread.
class Mail {
 public:
  struct Environment {
    adapters::http_client::HttpClient& client;
    processors::Log& log;
    std::function<core::Timestamp()> now;
  };
  // Warns of an outbox in production: it is for who has no mail server yet, and reads the files for the users.
  static core::Result<Mail> open(const Config& config, const Environment& environment);

  processors::MailSender& sender() { return *sender_; }
  // What is being sent ends, and is sent again after the next start.
  void stop();

 private:
  std::unique_ptr<processors::MailSender> sender_;
  adapters::mail::SmtpMail* smtp_ = nullptr;  // the sender, where it is one that has to be stopped
};

}  // namespace ops
