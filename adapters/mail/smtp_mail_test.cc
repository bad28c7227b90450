#include "adapters/mail/smtp_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "adapters/mail/test_smtp_server.h"
#include "schemas/digest.h"

namespace adapters::mail {
namespace {

using core::ErrorCode;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

core::Timestamp fixed_now() {
  return core::Timestamp(1767225600s);
}

class SmtpMailTest : public testing::Test {
 protected:
  SmtpSettings settings() const {
    SmtpSettings settings;
    settings.url = server.url();
    settings.from = "Router <no-reply@example.com>";
    return settings;
  }

  static std::future<core::Result<void>> begin(SmtpMail& mail, const std::string& to = "ada@example.org") {
    auto promise = std::make_shared<std::promise<core::Result<void>>>();
    mail.send({core::MailId("mail_1"), to, "Verify", "first\n.second\n", "<p>a</p>"},
              [promise](core::Result<void> result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }

  core::Result<void> send(SmtpSettings with) {
    SmtpMail mail(std::move(with), fixed_now);
    return begin(mail).get();
  }

  ErrorCode refusal() {
    const core::Result<void> sent = send(settings());
    return sent.has_error() ? sent.error().code : ErrorCode::internal;
  }

  TestSmtpServer server;
};

// If this failed, nobody could sign up where mail goes through a mail server.
TEST_F(SmtpMailTest, AMailIsHandedOverWhole) {
  SmtpSettings with = settings();
  with.username = "router";
  with.password = core::Secret("of the mail server");
  const core::Result<void> sent = send(std::move(with));
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_THAT(server.commands(), Contains("AUTH PLAIN"));
  EXPECT_THAT(server.commands(), Contains(schemas::to_base64(std::string("\0router\0of the mail server", 26))));
  EXPECT_THAT(server.commands(), Contains(StartsWith("MAIL FROM:<no-reply@example.com>")));
  EXPECT_THAT(server.commands(), Contains("RCPT TO:<ada@example.org>"));
  ASSERT_EQ(server.mails().size(), 1u);
  EXPECT_THAT(server.mails()[0], HasSubstr("Message-ID: <mail_1@example.com>\r\n"));
  EXPECT_THAT(server.mails()[0], HasSubstr("\r\nfirst\r\n..second\r\n"));  // a dot in front is doubled on the way
  EXPECT_THAT(server.mails()[0], HasSubstr("<p>a</p>"));
}

TEST_F(SmtpMailTest, RefusalsAreSorted) {
  server.answer("RCPT", "550 no such user ada@example.org");
  const core::Result<void> sent = send(settings());
  ASSERT_TRUE(sent.has_error());
  EXPECT_EQ(sent.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(sent.error().detail, testing::Not(HasSubstr("ada")));
}

TEST_F(SmtpMailTest, WhatMayPassIsToBeTriedAgain) {
  server.answer("RCPT", "451 come back later");
  EXPECT_EQ(refusal(), ErrorCode::network_failed);
}

TEST_F(SmtpMailTest, ATextThatIsRefusedWillNeverBeTaken) {
  server.answer(".", "554 this is spam");
  EXPECT_EQ(refusal(), ErrorCode::invalid_request);
}

TEST_F(SmtpMailTest, ALoginThatIsRefusedIsForTheOperatorToMend) {
  server.answer("MAIL", "530 log in first");
  EXPECT_EQ(refusal(), ErrorCode::configuration_invalid);
}

// If this failed, a sender that the operator got wrong would lose every mail for good.
TEST_F(SmtpMailTest, ASenderThatIsRefusedIsForTheOperatorToMend) {
  server.answer("MAIL", "553 not from here");
  EXPECT_EQ(refusal(), ErrorCode::configuration_invalid);
}

TEST_F(SmtpMailTest, AServerThatIsNotThereIsUnavailable) {
  SmtpSettings with = settings();
  with.url = "smtp://127.0.0.1:1";
  EXPECT_EQ(send(std::move(with)).error().code, ErrorCode::unavailable);
}

TEST_F(SmtpMailTest, WhatCannotBeAMailIsRefusedAtOnce) {
  SmtpMail mail(settings(), fixed_now);
  EXPECT_EQ(begin(mail, "ada@example.org> NOTIFY=NEVER <x@y").get().error().code, ErrorCode::invalid_request);
  EXPECT_TRUE(server.commands().empty());
}

// If this failed, a mail server that hangs would keep the service from stopping.
TEST_F(SmtpMailTest, StoppingEndsWhatIsUnderWayAndAnswersEverybody) {
  server.answer("MAIL", "");
  SmtpMail mail(settings(), fixed_now);
  auto first = begin(mail);
  auto second = begin(mail);
  mail.stop();
  EXPECT_EQ(first.get().error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.get().error().code, ErrorCode::unavailable);
  EXPECT_EQ(begin(mail).get().error().code, ErrorCode::unavailable);
}

TEST_F(SmtpMailTest, MoreMailsThanMayWaitAreRefused) {
  server.answer("MAIL", "");
  SmtpSettings with = settings();
  with.waiting_max = 0;
  SmtpMail mail(std::move(with), fixed_now);
  EXPECT_EQ(begin(mail).get().error().code, ErrorCode::overloaded);
}

}  // namespace
}  // namespace adapters::mail
