// If these fail, JSON from outside reaches state and answers with more in it than was checked.
#include "schemas/compact_json.h"

#include <gtest/gtest.h>

namespace schemas {
namespace {

core::ErrorCode refusal(std::string_view text) {
  const auto compact = compact_json(text);
  return compact.has_error() ? compact.error().code : core::ErrorCode::internal;
}

TEST(CompactJson, keeps_digits_order_and_repeated_members) {
  EXPECT_EQ(*compact_json(" { \"b\" : 1.50e+2 , \"a\" : [ ] , \"b\" : \"\\u00e9\" } "),
            "{\"b\":1.50e+2,\"a\":[],\"b\":\"\xC3\xA9\"}");
}

TEST(CompactJson, refuses_what_is_not_all_of_it_whole_json) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv, "{}\0"sv, "{}\0{\"more\":1}"sv, "\0{}"sv, "{} {}"sv, "\"\xC3\""sv,
                                      "\"\\udc00\""sv, "\"\\ud800x\""sv, "1e309"sv, "01"sv, "[1,]"sv})
    EXPECT_EQ(refusal(text), core::ErrorCode::malformed_json) << text;
  EXPECT_TRUE(compact_json(std::string(64, '[') + std::string(64, ']')).has_value());
  EXPECT_EQ(refusal(std::string(100'000, '[')), core::ErrorCode::json_too_deep);
}

}  // namespace
}  // namespace schemas
