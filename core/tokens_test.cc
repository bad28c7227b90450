// If this failed: quotes would promise too little, or a partial answer could count more than the whole one.
#include "core/tokens.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace core {
namespace {

TEST(Tokens, counts_what_byte_pair_vocabularies_count) {
  EXPECT_EQ(count_tokens(""), 0);
  EXPECT_EQ(count_tokens("hello"), 1);
  EXPECT_EQ(count_tokens("hello world"), 2);  // the space belongs to the word after it
  EXPECT_EQ(count_tokens("Summarize yesterday's support queue into five bullets."), 12);
  EXPECT_EQ(count_tokens("1234567"), 3);
  EXPECT_EQ(count_tokens("one\n\ntwo"), 3);
  EXPECT_EQ(count_tokens("internationalization"), 3);
  EXPECT_EQ(count_tokens("camelCase"), 2);
  EXPECT_EQ(count_tokens("wait..."), 2);
  EXPECT_EQ(count_tokens("日本語"), 3);
  EXPECT_EQ(count_tokens("한국어"), 3);
  EXPECT_EQ(count_tokens("мир"), 3);
  EXPECT_EQ(count_tokens("😀"), 2);
}

TEST(Tokens, takes_bytes_that_are_no_text) {
  EXPECT_GT(count_tokens("\xff\xfe\x80\xe3"), 0);
  EXPECT_GT(count_tokens(std::string(3, '\0')), 0);
}

TEST(Tokens, appending_never_lowers_the_count) {
  std::mt19937 random(20260101);
  const std::string_view alphabet = "aabcXYZ019  \t\n\r.,{}\"_-\xe3\xe6\x97\xa5\xd0\xb8\xf0\x9f\x98\x80\xff";
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::int64_t before = 0;
    for (int length = 0; length < 200; ++length) {
      text += alphabet[random() % alphabet.size()];
      const std::int64_t now = count_tokens(text);
      ASSERT_GE(now, before) << text;
      ASSERT_LE(now, static_cast<std::int64_t>(text.size())) << text;
      before = now;
    }
  }
}

}  // namespace
}  // namespace core
