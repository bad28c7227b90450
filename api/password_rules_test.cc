// If these fail, accounts are open to the first guesses of anybody.
#include "api/password_rules.h"

#include <gtest/gtest.h>

namespace api {
namespace {

TEST(PasswordRules, RefusesWhatIsShort) {
  EXPECT_TRUE(check_new_password("").has_error());
  EXPECT_TRUE(check_new_password("x7#kQ!a").has_error());
  EXPECT_TRUE(check_new_password("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F").has_error());  // 8 bytes, 4 characters
  EXPECT_TRUE(check_new_password("x7#kQ!a9").has_value());
}

TEST(PasswordRules, RefusesWhatEverybodyTries) {
  for (const char* password : {"password", "PassWord1", "12345678", "qwertyuiop", "zzzzzzzzzzzzzz", "batchrouter"}) {
    const auto checked = check_new_password(password);
    ASSERT_TRUE(checked.has_error()) << password;
    EXPECT_EQ(checked.error().param, "password");
  }
}

TEST(PasswordRules, LengthIsWelcome) {
  EXPECT_TRUE(check_new_password(std::string(500, 'a') + std::string(500, 'b')).has_value());
}

}  // namespace
}  // namespace api
