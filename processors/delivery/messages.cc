#include "processors/delivery/messages.h"

#include <vector>

namespace processors {

namespace {

// What a mail says, whatever its form.
struct Letter {
  std::string subject;
  std::vector<std::string> before;  // paragraphs
  std::string link_text = {};       // empty: no link
  std::string link = {};
  std::vector<std::string> after = {};
};

std::string text_of(const Letter& letter) {
  std::string text;
  const auto add = [&text](const std::string& paragraph) { text += (text.empty() ? "" : "\n") + paragraph + "\n"; };
  for (const std::string& paragraph : letter.before) add(paragraph);
  if (!letter.link.empty()) add(letter.link_text + ":\n\n" + letter.link);
  for (const std::string& paragraph : letter.after) add(paragraph);
  return text;
}

std::string escaped(const std::string& plain) {
  std::string html;
  for (const char letter : plain) {
    if (letter == '&')
      html += "&amp;";
    else if (letter == '<')
      html += "&lt;";
    else if (letter == '"')
      html += "&quot;";
    else
      html += letter;
  }
  return html;
}

// Styles stand in the tags and a link is a table cell, as mail programs know little more; nothing is loaded from
// anywhere.
std::string html_of(const Letter& letter) {
  const auto paragraph = [](const std::string& inner) { return "<p style=\"margin:0 0 16px\">" + inner + "</p>\n"; };
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(letter.subject) +
      "</title></head>\n<body style=\"margin:0;padding:24px;background:#f4f5f7\">\n"
      "<div style=\"max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e1e4e8;"
      "border-radius:8px;font:16px/1.5 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#1f2328\">\n"
      "<p style=\"margin:0 0 24px;font-weight:bold\">BatchRouter</p>\n"
      "<h1 style=\"margin:0 0 16px;font-size:20px\">" +
      escaped(letter.subject) + "</h1>\n";
  for (const std::string& each : letter.before) html += paragraph(escaped(each));
  if (!letter.link.empty()) {
    const std::string link = escaped(letter.link);
    html +=
        "<table cellpadding=\"0\" cellspacing=\"0\" style=\"margin:0 0 16px\"><tr><td style=\"background:#1f6feb;"
        "border-radius:6px\">\n<a href=\"" +
        link + "\" style=\"display:inline-block;padding:10px 20px;color:#ffffff;text-decoration:none\">" +
        escaped(letter.link_text) + "</a></td></tr></table>\n";
    html += paragraph("<span style=\"font-size:13px;color:#59636e;word-break:break-all\">Or copy this address:\n" +
                      link + "</span>");
  }
  for (const std::string& each : letter.after)
    html += paragraph("<span style=\"font-size:14px;color:#59636e\">" + escaped(each) + "</span>");
  return html + "</div>\n</body></html>\n";
}

Letter letter_of(core::identity::MailKind kind, const std::string& public_url, const std::string& token) {
  switch (kind) {
    case core::identity::MailKind::verification:
      return {.subject = "Verify your e-mail address for BatchRouter",
              .before = {"Somebody, probably you, signed up for BatchRouter with this address."},
              .link_text = "Verify this address",
              .link = public_url + "/v1/auth/verify-email?token=" + token,
              .after = {"Programs post the token to /v1/auth/verify-email. It works once and for a limited time.",
                        "If it was not you, do nothing: without the link the account does not open."}};
    case core::identity::MailKind::sign_up_again:
      return {.subject = "Please sign up for BatchRouter again",
              .before = {"There were several sign-ups for BatchRouter with this address, and none was verified. Whose "
                         "password would count cannot be known.",
                         "Sign up once more to choose your password, and open the link in the mail that follows."},
              .after = {"If it was not you, do nothing: without a link no account opens."}};
    case core::identity::MailKind::password_reset:
      return {.subject = "Choose a new password for BatchRouter",
              .before = {"Somebody, probably you, asked for a new password for the BatchRouter account of this "
                         "address."},
              .link_text = "Choose a new password",
              .link = public_url + "/v1/auth/password/reset?token=" + token,
              .after = {"Programs post {\"token\", \"password\"} to /v1/auth/password/reset. It works once and for a "
                        "limited time.",
                        "If it was not you, do nothing: the password stays as it is."}};
    case core::identity::MailKind::password_changed:
      return {.subject = "Your BatchRouter password was changed",
              .before = {"The password of the BatchRouter account of this address was changed just now, and its "
                         "sessions were ended. API keys go on working."},
              .after = {"If it was not you, ask for a new password at once with POST /v1/auth/password/forgot, and "
                        "revoke your API keys."}};
  }
  return {};
}

}  // namespace

MailMessage write_mail(core::identity::MailKind kind, const std::string& public_url, const std::string& token) {
  Letter letter = letter_of(kind, public_url, token);
  MailMessage message;
  message.text = text_of(letter);
  message.html = html_of(letter);
  message.subject = std::move(letter.subject);
  return message;
}

}  // namespace processors
