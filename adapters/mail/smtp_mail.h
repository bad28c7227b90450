#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/sealed.h"
#include "core/time.h"
#include "processors/ports/outbound.h"

namespace adapters::mail {

struct SmtpSettings {
  std::string url;       // smtps://host[:465], or smtp://host[:587]
  std::string username;  // empty: none is sent
  core::Secret password;
  std::string from;     // "Name <address>" or an address
  std::string ca_file;  // PEM; empty: the system's certificate authorities
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{60'000};  // of one mail
  std::size_t waiting_max = 1'000;
};

// Mail through a server that takes it on (RFC 6409): one mail at a time, each on a connection of its own. An smtp://
// server must offer STARTTLS, unless it is on this machine.
//
// Threading: any thread; `done` runs on the sender's own, or on the caller's when the mail is refused at once.
// Delivery:  a mail is the server's before `done`. The same mail again is sent again, with the same Message-ID.
// Guarantee: `done` of every mail is called once, at the latest by stop(), which ends what is under way.
class SmtpMail final : public processors::MailSender {
 public:
  SmtpMail(SmtpSettings settings, std::function<core::Timestamp()> now);
  ~SmtpMail() override;

  // Errors: invalid_request (see render(), or the server will never take this mail); configuration_invalid (it refuses
  // the login or the sender, or has no TLS that is valid), overloaded, unavailable, network_failed.
  void send(processors::MailMessage message, std::function<void(core::Result<void>)> done) override;

  // Idempotent.
  void stop();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace adapters::mail
