#include "processors/delivery/messages.h"

namespace processors {

MailMessage write_mail(core::identity::MailKind kind, const std::string& public_url, const std::string& token) {
  MailMessage message;
  switch (kind) {
    case core::identity::MailKind::verification:
      message.subject = "Verify your e-mail address for BatchRouter";
      message.text =
          "Somebody, probably you, signed up for BatchRouter with this address.\n\n"
          "Open this link to verify it:\n\n" +
          public_url + "/v1/auth/verify-email?token=" + token +
          "\n\nor post the token to /v1/auth/verify-email. It works once and for a limited time.\n"
          "If it was not you, do nothing: without the link the account does not open.\n";
      break;
    case core::identity::MailKind::sign_up_again:
      message.subject = "Please sign up for BatchRouter again";
      message.text =
          "There were several sign-ups for BatchRouter with this address, and none was verified. Whose password would "
          "count cannot be known.\n\nSign up once more, and open the link in the mail that follows.\n"
          "If it was not you, do nothing: without a link no account opens.\n";
      break;
    case core::identity::MailKind::password_reset:
      message.subject = "Choose a new password for BatchRouter";
      message.text =
          "Somebody, probably you, asked for a new password for the BatchRouter account of this address.\n\n"
          "Open this page to choose it:\n\n" +
          public_url + "/v1/auth/password/reset?token=" + token +
          "\n\nor post {\"token\", \"password\"} to /v1/auth/password/reset. It works once and for a limited time.\n"
          "If it was not you, do nothing: the password stays as it is.\n";
      break;
    case core::identity::MailKind::password_changed:
      message.subject = "Your BatchRouter password was changed";
      message.text =
          "The password of the BatchRouter account of this address was changed just now, and its sessions were ended. "
          "API keys go on working.\n\nIf it was not you, ask for a new password at once with POST "
          "/v1/auth/password/forgot, and revoke your API keys.\n";
      break;
  }
  return message;
}

}  // namespace processors
