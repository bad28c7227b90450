#include "ops/mail.h"

#include <filesystem>

#include "adapters/mail/local_outbox.h"
#include "adapters/mail/resend_mail.h"

namespace ops {

namespace {

using Sender = std::unique_ptr<processors::MailSender>;

core::Result<Sender> open_outbox(const Config& config, processors::Log& log) {
  if (config.service.mode == Mode::production)
    warn(log, "mail_stays_here",
         {{"why", "mail.kind is outbox: nobody gets mail, so nobody can sign up by themselves; set resend or smtp"}});
  auto outbox = adapters::mail::LocalOutbox::open(std::filesystem::path(config.data.directory) / "outbox",
                                                  config.mail.from, [&log](const std::string& path) {
                                                    info(log, "mail_in_outbox", {{"path", path}});
                                                  });
  if (outbox.has_error()) return outbox.error();
  return Sender(std::move(*outbox));
}

Sender make_resend(const Config::Mail& config, adapters::http_client::HttpClient& client) {
  adapters::mail::ResendSettings settings;
  settings.api_key = core::Secret(config.resend_api_key);
  settings.from = config.from;
  return std::make_unique<adapters::mail::ResendMail>(client, std::move(settings));
}

adapters::mail::SmtpSettings smtp_settings(const Config::Mail& config) {
  adapters::mail::SmtpSettings settings;
  settings.url = config.smtp_url;
  settings.username = config.smtp_username;
  settings.password = core::Secret(config.smtp_password);
  settings.from = config.from;
  return settings;
}

}  // namespace

std::string email_feature(MailKind kind) {
  switch (kind) {
    case MailKind::outbox: return "local_outbox";
    case MailKind::resend: return "resend";
    case MailKind::smtp: return "smtp";
  }
  return "";
}

core::Result<Mail> Mail::open(const Config& config, const Environment& environment) {
  Mail mail;
  switch (config.mail.kind) {
    case MailKind::outbox: {
      core::Result<Sender> outbox = open_outbox(config, environment.log);
      if (outbox.has_error()) return outbox.error();
      mail.sender_ = std::move(*outbox);
      break;
    }
    case MailKind::resend: mail.sender_ = make_resend(config.mail, environment.client); break;
    case MailKind::smtp: {
      auto smtp = std::make_unique<adapters::mail::SmtpMail>(smtp_settings(config.mail), environment.now);
      mail.smtp_ = smtp.get();
      mail.sender_ = std::move(smtp);
    }
  }
  return mail;
}

void Mail::stop() {
  if (smtp_ != nullptr) smtp_->stop();
}

}  // namespace ops
