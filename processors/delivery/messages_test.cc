#include "processors/delivery/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace processors {
namespace {

using core::identity::MailKind;
using testing::HasSubstr;
using testing::Not;

constexpr MailKind kinds[] = {MailKind::verification, MailKind::sign_up_again, MailKind::password_reset,
                              MailKind::password_changed};

// If this failed, whoever reads the mail in one of its forms could not go on.
TEST(Messages, BothFormsHaveTheLinkAndOnlyMailsWithATokenHaveOne) {
  for (const MailKind kind : kinds) {
    const MailMessage mail = write_mail(kind, "https://router.example", "obv_1");
    const bool has_link = kind == MailKind::verification || kind == MailKind::password_reset;
    EXPECT_EQ(mail.text.find("https://router.example/v1/auth/") != std::string::npos, has_link) << mail.subject;
    EXPECT_EQ(mail.html.find("<a href=\"https://router.example/v1/auth/") != std::string::npos, has_link);
    EXPECT_EQ(mail.text.find("token=obv_1\n") != std::string::npos, has_link) << mail.text;
  }
}

// If this failed, mail programs would show nothing, load things from elsewhere, or refuse the mail.
TEST(Messages, ArePlainAndLoadNothing) {
  for (const MailKind kind : kinds) {
    const MailMessage mail = write_mail(kind, "https://router.example", "obv_1");
    EXPECT_THAT(mail.subject, HasSubstr("BatchRouter"));
    for (const char* tag : {"<img", "<script", "<link", "url(", "src="}) EXPECT_THAT(mail.html, Not(HasSubstr(tag)));
    for (const std::string& form : {mail.text, mail.html}) {
      std::size_t longest = 0;
      for (std::size_t at = 0; at < form.size(); at = form.find('\n', at) + 1)
        longest = std::max(longest, form.find('\n', at) - at);
      EXPECT_LT(longest, 998u);
      EXPECT_TRUE(form.ends_with("\n"));
    }
  }
}

TEST(Messages, WhatStandsInHtmlIsEscaped) {
  const MailMessage mail = write_mail(MailKind::verification, "https://router.example/a&b\"<", "obv_1");
  EXPECT_THAT(mail.html, HasSubstr("https://router.example/a&amp;b&quot;&lt;/v1/auth/verify-email?token=obv_1"));
}

}  // namespace
}  // namespace processors
