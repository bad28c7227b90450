#include "schemas/profile.h"

#include <gtest/gtest.h>

namespace schemas {
namespace {

TEST(Profile, ComesBackAsItWasWritten) {
  const Profile profile{"Ann \"O'Hara\"\n", "Ačme é漢", "Ann+1@acme.test", "$argon2id$v=19$x"};
  const auto decoded = decode_profile(encode_profile(profile));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->name, profile.name);
  EXPECT_EQ(decoded->org_name, profile.org_name);
  EXPECT_EQ(decoded->email, profile.email);
  EXPECT_EQ(decoded->password_hash, profile.password_hash);

  const auto webhook = decode_webhook(encode_webhook({"https://a.test/?q=\"1\"", "whsec_\\"}));
  ASSERT_TRUE(webhook.has_value());
  EXPECT_EQ(webhook->url, "https://a.test/?q=\"1\"");
  EXPECT_EQ(webhook->secret, "whsec_\\");
}

// What is sealed wrongly halts nothing: it is an error that says so.
TEST(Profile, WhatIsDamagedIsRefused) {
  for (const char* text : {"", "[]", "{\"name\":", "{\"name\":1}", "null"}) {
    EXPECT_EQ(decode_profile(text).error().code, core::ErrorCode::log_corrupt) << text;
  }
  EXPECT_EQ(decode_webhook("{\"url\":[]}").error().code, core::ErrorCode::log_corrupt);
}

}  // namespace
}  // namespace schemas
