// Broken: a damaged journal would be read as something that nobody wrote, or a good one refused.
#include "schemas/json_reader.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <random>
#include <vector>

namespace schemas {
namespace {

std::string text_of(std::string_view json) {
  JsonReader reader(json);
  std::string_view text;
  return reader.read_text(text) && reader.at_end() ? std::string(text) : "refused";
}

template <class Number, class Read>
std::optional<Number> number_of(std::string_view json, Read read) {
  JsonReader reader(json);
  Number number{};
  return (reader.*read)(number) && reader.at_end() ? std::optional(number) : std::nullopt;
}

bool skipped(std::string_view json) {
  JsonReader reader(json);
  std::string_view value;
  return reader.skip(value) && reader.at_end();
}

TEST(JsonReader, reads_texts) {
  EXPECT_EQ(text_of(R"("")"), "");
  EXPECT_EQ(text_of(R"( "seven letters and more than eight" )"), "seven letters and more than eight");
  EXPECT_EQ(text_of(R"("a\"b\\c\/d\b\f\n\r\t")"), "a\"b\\c/d\b\f\n\r\t");
  EXPECT_EQ(text_of(R"("\u0041\u00e9\u20ac\ud83d\ude00!")"), "A\u00e9\u20ac\U0001F600!");
  EXPECT_EQ(text_of("\"\u00e9 stays\""), "\u00e9 stays");
  for (const char* bad : {"", "\"", "\"a", R"("\)", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\ud83d")",
                          R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00")", "\"line\nbreak\"", "\"\x01\"", "a", "5"})
    EXPECT_EQ(text_of(bad), "refused") << bad;
}

TEST(JsonReader, reads_numbers_of_their_kind_only) {
  const auto integer = [](std::string_view json) { return number_of<std::int64_t>(json, &JsonReader::read_integer); };
  EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(integer(" 0 "), 0);
  for (const char* bad : {"9223372036854775808", "1.0", "1e3", "01", "-", "+1", "--1", "1a", "", "\"1\"", "null"})
    EXPECT_EQ(integer(bad), std::nullopt) << bad;
  const auto natural = [](std::string_view json) { return number_of<std::uint64_t>(json, &JsonReader::read_natural); };
  EXPECT_EQ(natural("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(natural("18446744073709551616"), std::nullopt);
  EXPECT_EQ(natural("-1"), std::nullopt);
  const auto number = [](std::string_view json) { return number_of<double>(json, &JsonReader::read_number); };
  EXPECT_EQ(number("-0.5e-1"), -0.05);
  EXPECT_EQ(number("7"), 7.0);
  for (const char* bad : {"1.", ".5", "1e", "1e+", "nan", "inf", "0x1", "1e999"})
    EXPECT_EQ(number(bad), std::nullopt) << bad;
}

TEST(JsonReader, walks_objects_and_arrays) {
  JsonReader reader(R"( {"a": [], "b" : {}, "c": [1, [2]], "d": true} )");
  std::string_view name;
  std::string_view value;
  std::vector<std::string> seen;
  ASSERT_TRUE(reader.begin_object());
  while (reader.next_member(name)) {
    seen.emplace_back(name);
    ASSERT_TRUE(reader.skip(value));
    seen.emplace_back(value);
  }
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "[]", "b", "{}", "c", "[1, [2]]", "d", "true"}));
}

TEST(JsonReader, passes_over_what_is_json_and_nothing_else) {
  for (const char* good : {"null", "true", "false", "-1.5e3", "\"\"", "[]", "{}", R"([{"a":[1,{}]},[[]],"",null])"})
    EXPECT_TRUE(skipped(good)) << good;
  for (const char* bad : {"", "nul", "[", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                          "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "[] []", "\"a", "tru"})
    EXPECT_FALSE(skipped(bad)) << bad;
  EXPECT_TRUE(skipped(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(skipped(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(skipped(std::string(1'000'000, '[')));
}

// The same texts are JSON for it as for another reader, however they are damaged.
TEST(JsonReader, agrees_with_another_reader_on_damaged_texts) {
  const std::string good =
      R"([{"a":"x\u00e9\n","b":[1,-2.5e3,true,null],"c":{"d":{},"e":[]}},"long enough for a word and more",0.25])";
  constexpr std::string_view letters = "{}[]\",:\\u0e1-.tn x";
  std::mt19937 random(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = good;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 3);
      else
        text[at] = letters[random() % letters.size()];
      if (text.empty()) text = "[";
    }
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    ASSERT_EQ(skipped(text), !document.HasParseError()) << text;
  }
}

}  // namespace
}  // namespace schemas
