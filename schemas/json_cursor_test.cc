// Broken if: an auditor read something else than what stands there, or did not see that it cannot be read.
#include "schemas/json_cursor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace schemas {
namespace {

struct Read {
  std::string text;
  std::int64_t number = 0;
  std::string raw;
  std::vector<std::int64_t> list;
  bool flag = false;
  bool good = false;
};

Read read(std::string_view json) {
  UnescapedTexts unescaped;
  JsonCursor cursor(json, unescaped);
  Read read;
  cursor.members([&](std::string_view name) {
    if (name == "text")
      read.text = cursor.text();
    else if (name == "number")
      read.number = cursor.integer();
    else if (name == "raw")
      read.raw = cursor.raw();
    else if (name == "list")
      cursor.elements([&] { read.list.push_back(cursor.count()); });
    else if (name == "flag")
      read.flag = cursor.boolean();
    else
      cursor.skip();
  });
  read.good = cursor.at_end();
  return read;
}

TEST(JsonCursor, TakesWhatIsAskedForAndPassesOverTheRest) {
  const Read all = read(
      R"( {"skipped" : {"a":[1,{"b":"}]\""}],"c":-1.5e3}, "number":-12,"raw":[{"x":"]"}, null],"text":"ab","list":[1, 2],)"
      R"("flag":true,"last":null} )");
  EXPECT_TRUE(all.good);
  EXPECT_EQ(all.number, -12);
  EXPECT_EQ(all.raw, R"([{"x":"]"}, null])");
  EXPECT_EQ(all.text, "ab");
  EXPECT_EQ(all.list, (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(all.flag);
  EXPECT_TRUE(read("{}").good);
}

TEST(JsonCursor, UndoesEscapes) {
  EXPECT_EQ(read(R"({"text":"a\"\\\/\n\u00e9\u20ac\ud83d\ude00"})").text, "a\"\\/\n\u00e9\u20ac\U0001F600");
  for (const std::string_view wrong : {R"({"text":"\x"})", R"({"text":"\u12"})", R"({"text":"\ud83d"})",
                                       R"({"text":"\ude00"})", R"({"text":"\ud83dx"})"})
    EXPECT_FALSE(read(wrong).good) << wrong;
}

TEST(JsonCursor, SaysWhatCannotBeRead) {
  for (const std::string_view wrong : {"",
                                       "[]",
                                       "{",
                                       R"({"a")",
                                       R"({"a":)",
                                       R"({"a":1)",
                                       R"({"a":1,})",
                                       R"({,"a":1})",
                                       R"({"a":1 "b":2})",
                                       R"({"a":[1}])",
                                       R"({"a":"b)",
                                       R"({"a":"b\)",
                                       R"({"a":1}x)",
                                       R"({"number":1.5})",
                                       R"({"number":"1"})",
                                       R"({"list":[-1]})",
                                       R"({"list":[1,]})",
                                       R"({"flag":"true"})",
                                       R"({"text":1})",
                                       R"({"number":99999999999999999999})",
                                       R"({"a":})"})
    EXPECT_FALSE(read(wrong).good) << wrong;
  std::string deep(100, '[');
  EXPECT_FALSE(read("{\"a\":" + deep + std::string(100, ']') + "}").good);
}

}  // namespace
}  // namespace schemas
