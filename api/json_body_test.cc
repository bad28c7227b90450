// If these fail, what is no JSON, or half a character, gets into events and answers.
#include "api/json_body.h"

#include <gtest/gtest.h>

namespace api {
namespace {

using namespace std::string_view_literals;

core::Result<JsonBody> parse(std::string_view text) {
  http::Request request;
  request.headers.add("Content-Type", "application/json; charset=utf-8");
  request.body = text;
  return JsonBody::parse(request, {"name", "count"});
}

TEST(JsonBody, reads_its_members_and_no_others) {
  const auto body = parse(R"({"name": "\u00e9", "count": 7})");
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(*body->text("name", 10), "\xC3\xA9");
  EXPECT_EQ(*body->integer("count", 0, 10), 7);
  EXPECT_EQ(parse(R"({"other": 1})").error().code, core::ErrorCode::unknown_field);
  EXPECT_EQ(parse("[]").error().code, core::ErrorCode::invalid_request);
}

TEST(JsonBody, refuses_what_is_not_all_of_it_whole_json) {
  for (const std::string_view text :
       {"{}\0{}"sv, "{\"name\":\"a\"}\0"sv, R"({"name":"\udc00"})"sv, R"({"name":"\ud800"})"sv, "{\"name\":\"\xFF\"}"sv,
        "{\"count\":1e999}"sv, "{} x"sv})
    EXPECT_EQ(parse(text).error().code, core::ErrorCode::malformed_json) << text;
  EXPECT_EQ(parse(std::string(100'000, '[')).error().code, core::ErrorCode::json_too_deep);
  EXPECT_TRUE(parse("{\"name\":\"" + std::string(1'000, '[') + "\"}").has_value());
}

}  // namespace
}  // namespace api
