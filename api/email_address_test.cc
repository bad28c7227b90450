// If these fail, one person has two accounts, or an address smuggles a header into a mail.
#include "api/email_address.h"

#include <gtest/gtest.h>

namespace api {
namespace {

TEST(EmailAddress, SameWhateverTheCaseAndTheSpaceAround) {
  const auto address = parse_email_address(" \tAda.Lovelace+batch@Example.COM\n");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->written, "Ada.Lovelace+batch@Example.COM");
  EXPECT_EQ(address->normalized, "ada.lovelace+batch@example.com");
}

TEST(EmailAddress, AcceptsWhatMailServersDo) {
  for (const char* text : {"a@b.co", "o'neil@mail.example.org", "x_y-z@1and1.com", "{odd}~tag=1@sub.ex-ample.de"})
    EXPECT_TRUE(parse_email_address(text).has_value()) << text;
}

TEST(EmailAddress, RefusesEverythingElse) {
  const std::string long_local(65, 'a');
  const std::string long_label(64, 'b');
  const std::string long_domain = std::string(60, 'c') + "." + std::string(60, 'c') + "." + std::string(60, 'c') + "." +
                                  std::string(60, 'c') + ".example.com";
  for (const std::string& text : {std::string(),
                                  std::string(" "),
                                  std::string("a"),
                                  std::string("@"),
                                  std::string("a@"),
                                  std::string("@b.co"),
                                  std::string("a@b"),
                                  std::string("a@b."),
                                  std::string("a@.b.co"),
                                  std::string("a@b..co"),
                                  std::string("a@-b.co"),
                                  std::string("a@b-.co"),
                                  std::string(".a@b.co"),
                                  std::string("a.@b.co"),
                                  std::string("a..b@c.co"),
                                  std::string("a@b@c.co"),
                                  std::string("a b@c.co"),
                                  std::string("a@b.co\r\nBcc: x@y.zz"),
                                  std::string("\"a\"@b.co"),
                                  std::string("Ada <a@b.co>"),
                                  std::string("a@[127.0.0.1]"),
                                  std::string("\xC3\xA4@b.co"),
                                  std::string("a\0b@c.co", 8),
                                  long_local + "@b.co",
                                  "a@" + long_label + ".co",
                                  "aaaaaaaaaa@" + long_domain}) {
    const auto address = parse_email_address(text);
    ASSERT_TRUE(address.has_error()) << text;
    EXPECT_EQ(address.error().code, core::ErrorCode::invalid_request);
    EXPECT_EQ(address.error().param, "email");
  }
}

}  // namespace
}  // namespace api
