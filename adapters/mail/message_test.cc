#include "adapters/mail/message.h"

#include <gtest/gtest.h>

namespace adapters::mail {
namespace {

using core::ErrorCode;
using namespace std::chrono_literals;

constexpr core::Timestamp date{1767225600s};
constexpr std::string_view from = "BatchRouter <no-reply@example.com>";

processors::MailMessage message() {
  return {core::MailId("mail_01h455vb4pex5vsknk084sn02q"), "ada@example.org", "Verify", "Hello,\n\nfollow the link.\n"};
}

TEST(MailMessage, IsRfc5322Text) {
  EXPECT_EQ(*render(from, message(), date),
            "From: BatchRouter <no-reply@example.com>\r\n"
            "To: ada@example.org\r\n"
            "Subject: Verify\r\n"
            "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
            "Message-ID: <mail_01h455vb4pex5vsknk084sn02q@example.com>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "Hello,\r\n"
            "\r\n"
            "follow the link.\r\n");
}

TEST(MailMessage, HtmlIsTheAlternativeThatComesLast) {
  processors::MailMessage mail = message();
  mail.html = "<p>Größe</p>";
  EXPECT_TRUE(render(from, mail, date)
                  ->ends_with("MIME-Version: 1.0\r\n"
                              "Content-Type: multipart/alternative; boundary=\"=_mail_01h455vb4pex5vsknk084sn02q\"\r\n"
                              "\r\n--=_mail_01h455vb4pex5vsknk084sn02q\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "Hello,\r\n\r\nfollow the link.\r\n"
                              "\r\n--=_mail_01h455vb4pex5vsknk084sn02q\r\n"
                              "Content-Type: text/html; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "PHA+R3LDtsOfZTwvcD4NCg==\r\n"
                              "\r\n--=_mail_01h455vb4pex5vsknk084sn02q--\r\n"));
  mail.html = "--=_" + mail.id.value();
  EXPECT_EQ(render(from, mail, date).error().code, ErrorCode::invalid_request);
}

TEST(MailMessage, TheAddressOfASenderIsWithoutItsName) {
  EXPECT_EQ(address_of(from), "no-reply@example.com");
  EXPECT_EQ(address_of("no-reply@example.com"), "no-reply@example.com");
}

TEST(MailMessage, SubjectsBeyondAsciiAreEncodedWordsThatSplitNoCharacter) {
  processors::MailMessage mail = message();
  mail.subject = "Größe";
  EXPECT_NE(render(from, mail, date)->find("Subject: =?utf-8?B?R3LDtsOfZQ==?=\r\n"), std::string::npos);
  mail.subject = "x";
  for (int letter = 0; letter < 60; ++letter) mail.subject += "€";
  const std::string text = *render(from, mail, date);
  // 1 + 14 × 3 bytes, 15 × 3, 15 × 3, 15 × 3, 1 × 3.
  const std::string full = "4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs";
  EXPECT_NE(text.find("?=\r\n =?utf-8?B?" + full + "?=\r\n "), std::string::npos) << text;
  mail.subject = std::string(200, '\x80');  // not UTF-8 at all
  EXPECT_TRUE(render(from, mail, date));
}

// If this failed, whoever registers could send mail of their own making to others.
TEST(MailMessage, HeadersCannotBeInjected) {
  for (const char* to :
       {"ada@example.org\r\nBcc: eve@example.org", "ada@example.org\n", "ada@example.org, eve@example.org",
        "Ada <ada@example.org>", "ada", "@example.org", "ada@", "a@b@c", "", "ada@example.org\x7f"}) {
    processors::MailMessage mail = message();
    mail.to = to;
    EXPECT_EQ(render(from, mail, date).error().code, ErrorCode::invalid_request) << to;
  }
  for (const char* subject : {"Verify\r\nBcc: eve@example.org", "Verify\n", "\r", "\t"}) {
    processors::MailMessage mail = message();
    mail.subject = subject;
    EXPECT_EQ(render(from, mail, date).error().code, ErrorCode::invalid_request) << subject;
  }
  processors::MailMessage mail = message();
  mail.id = core::MailId("mail/../x");
  EXPECT_EQ(render(from, mail, date).error().code, ErrorCode::invalid_request);
  EXPECT_EQ(render("a@example.com\r\nX: y", message(), date).error().code, ErrorCode::invalid_request);
}

TEST(MailMessage, LineEndsAreCrlfWhateverTheyWere) {
  processors::MailMessage mail = message();
  mail.text = "a\nb\r\nc\rd";
  EXPECT_TRUE(render(from, mail, date)->ends_with("\r\n\r\na\r\nb\r\nc\r\nd\r\n"));
  mail.text = std::string(998, 'x') + "\n" + std::string(998, 'y');
  EXPECT_TRUE(render(from, mail, date));
  mail.text += "y";
  EXPECT_EQ(render(from, mail, date).error().code, ErrorCode::invalid_request);
}

}  // namespace
}  // namespace adapters::mail
