// If these fail, stored items differ from what customers sent.
#include "schemas/manifest/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/manifest/digest_set.h"
#include "schemas/manifest/utf8.h"

namespace schemas::manifest {
namespace {

using ::testing::ElementsAre;

std::string json_of(std::string_view text) {
  std::string json;
  return append_json_string(json, text) ? json : "refused";
}

TEST(JsonText, StringsComeBackAsTheyWent) {
  for (const std::string& text :
       {std::string(), std::string("plain"), std::string("\"\\/\b\f\n\r\t"), std::string("nul\0and\x1f\x7f", 10),
        std::string("grüße 日本 😀"), std::string("\xED\x9F\xBF"), std::string("\\\\\""), std::string("\\u0041")}) {
    EXPECT_EQ(decode_string(json_of(text)), text) << text;
  }
  EXPECT_EQ(json_of("a\"\n\x01"), R"("a\"\n\u0001")");
  EXPECT_EQ(json_of("\xED\xB0\x80"), "refused");
  EXPECT_EQ(json_of("x\xED\xA0\x80y"), "refused");
}

TEST(JsonText, CutsValuesIntoTheirParts) {
  const auto members = split_object(R"({"a":1,"b\"}":"}]\\","c":[{"d":"]"},2],"e":{}})");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 4U);
  EXPECT_EQ(members->at(0).value, "1");
  EXPECT_EQ(members->at(1).name, "b\"}");
  EXPECT_EQ(members->at(1).value, R"("}]\\")");
  EXPECT_EQ(members->at(2).value, R"([{"d":"]"},2])");
  EXPECT_EQ(members->at(3).value, "{}");
  EXPECT_THAT(*split_array(R"([1,"a,b",[2,3],null])"), ElementsAre("1", R"("a,b")", "[2,3]", "null"));
  EXPECT_TRUE(split_array("[]")->empty());
  EXPECT_TRUE(split_object("{}")->empty());
}

TEST(JsonText, StaysInsideTextThatIsNoJson) {
  for (const char* text : {"",           "{",        "[",        "\"",           "\"\\",    "{\"", "{\"a", "{\"a\"",
                           "{\"a\":",    "{\"a\":}", "{\"a\":1", "[1,",          "[,]",     "[}",  "{]",   "[\"\\\"]",
                           "{\"a\":1}}", "[1]]",     "\"\\u00",  "\"\\u12345\"", "\"\\x\"", "}",   "]"}) {
    EXPECT_FALSE(split_object(text)) << text;
    EXPECT_FALSE(decode_string(text)) << text;
    split_array(text);
  }
}

TEST(JsonText, PointersEscapeAndStayShort) {
  EXPECT_EQ(pointer_step("a/b~c"), "/a~1b~0c");
  EXPECT_EQ(pointer_step(std::string(63, 'x') + "ü" + std::string(9, 'y')), "/" + std::string(63, 'x') + "…");
}

TEST(Utf8, IsCheckedAcrossPieces) {
  const auto valid = [](std::string_view text) {
    bool answer = true;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8Checker checker;
      const bool first = checker.check(text.substr(0, cut)) == cut;
      answer = first && checker.check(text.substr(cut)) == text.size() - cut && !checker.incomplete();
      if (!answer) return false;
    }
    return answer;
  };
  for (const char* good :
       {"", "plain ascii of some length", "é", "€uro", "\xED\x9F\xBF", "\xEE\x80\x80", "😀😀", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(valid(good)) << good;
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "é\xC3", "abcdefgh\xE2\x82", "\xC3("})
    EXPECT_FALSE(valid(bad)) << bad;
}

TEST(DigestSet, KnowsWhatItHas) {
  DigestSet set;
  const auto digest = [](std::uint32_t number) {
    Digest128 bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      number = number * 1'664'525 + 1'013'904'223;
      bytes[i] = static_cast<std::uint8_t>(number >> 24);
    }
    return bytes;
  };
  for (std::uint32_t i = 0; i < 20'000; ++i) ASSERT_TRUE(set.insert(digest(i))) << i;
  for (std::uint32_t i = 0; i < 20'000; ++i) ASSERT_FALSE(set.insert(digest(i))) << i;
  EXPECT_TRUE(set.insert(Digest128{}));
  EXPECT_FALSE(set.insert(Digest128{}));
}

}  // namespace
}  // namespace schemas::manifest
