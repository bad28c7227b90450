#include "api/checked_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

http::Request request_of(std::string body, std::string type = "application/json") {
  http::Request request;
  request.body = std::move(body);
  request.headers.set("content-type", std::move(type));
  return request;
}

// The `detail` of what is wrong with a body of these members.
std::string faults_of(const std::string& text) {
  RequestFaults faults;
  core::Result<CheckedBody> body =
      CheckedBody::read(request_of(text), {"kind", "number", "object", "text", "time", "kinds"}, faults);
  EXPECT_TRUE(body.has_value());
  body->word("kind", {"red", "green", "blue"});
  body->integer("number", 0, 100, 50);
  body->object("object", 32);
  body->optional_text("text", 8);
  body->optional_time("time");
  body->optional_words("kinds", {"red", "green", "blue"});
  if (faults.none()) return "";
  const http::Response response = faults.response();
  EXPECT_EQ(response.status, 422);
  rapidjson::Document json;
  json.Parse(response.body.c_str());
  EXPECT_FALSE(json.HasParseError()) << response.body;
  return response.body;
}

std::string with(const std::string& more) {
  return R"({"kind":"red","object":{},)" + more + "}";
}

TEST(CheckedBody, reads_what_is_right) {
  RequestFaults faults;
  core::Result<CheckedBody> body = CheckedBody::read(
      request_of(
          R"({ "number" : "7", "object": {"b": 1.50, "a": [1e300, -0.0]}, "text": null, "time": "2026-03-01T12:00:00Z",
                      "kinds": ["red"] })"),
      {"number", "object", "text", "time", "kinds"}, faults);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->integer("number", 0, 100, 50), 7);
  EXPECT_EQ(body->object("object", 100), R"({"b":1.50,"a":[1e300,-0.0]})") << "digit by digit";
  EXPECT_EQ(body->optional_text("text", 8), std::nullopt);
  EXPECT_TRUE(body->optional_time("time").has_value());
  EXPECT_EQ(body->optional_words("kinds", {"red"}).size(), 1u);
  EXPECT_TRUE(faults.none());
  EXPECT_EQ(faults_of(with(R"("number":50.0)")), "");
  EXPECT_EQ(CheckedBody::read(request_of("x", "text/plain"), {}, faults).error().code,
            core::ErrorCode::unsupported_media_type);
}

// Broken: clients of that surface could not tell what to mend.
TEST(CheckedBody, names_every_fault) {
  const std::string all = faults_of(R"({"number":101,"text":"123456789","time":"soon","kinds":["pink"],"more":1})");
  for (
      const char* part :
      {R"({"loc":["body","kind"],"msg":"Field required","type":"missing","input":null})", R"("loc":["body","object"])",
       R"({"loc":["body","number"],"msg":"Input should be less than or equal to 100","type":"less_than_equal","input":101,"ctx":{"le":100}})",
       R"("type":"string_too_long","input":"123456789","ctx":{"max_length":8})", R"("type":"datetime_parsing")",
       R"({"loc":["body","kinds",0],"msg":"Input should be 'red', 'green' or 'blue'","type":"enum","input":"pink","ctx":{"expected":"'red', 'green' or 'blue'"}})",
       R"("loc":["body","more"],"msg":"Extra inputs are not permitted","type":"extra_forbidden")"})
    EXPECT_THAT(all, HasSubstr(part));
}

TEST(CheckedBody, tells_kinds_of_numbers_apart) {
  for (const auto& [number, type] : {std::pair("-1", "greater_than_equal"),
                                     {"101", "less_than_equal"},
                                     {"99999999999999999999999", "less_than_equal"},
                                     {"1.5", "int_from_float"},
                                     {"1e1", "int_parsing"},
                                     {"\"ten\"", "int_parsing"},
                                     {"\"\"", "int_parsing"},
                                     {"true", "int_type"},
                                     {"null", "int_type"},
                                     {"[1]", "int_type"}})
    EXPECT_THAT(faults_of(with(std::string("\"number\":") + number)), HasSubstr(std::string("\"") + type + "\""))
        << number;
}

TEST(CheckedBody, survives_what_is_no_json) {
  EXPECT_THAT(faults_of("{\"kind\":"),
              HasSubstr(R"("loc":["body",8],"msg":"JSON decode error","type":"json_invalid")"));
  EXPECT_THAT(faults_of("\"\xff\""), HasSubstr("json_invalid"));
  EXPECT_THAT(faults_of(std::string(100'000, '[')), HasSubstr("json_invalid"));
  EXPECT_THAT(faults_of(with(R"("text":1e400)")), HasSubstr("json_invalid")) << "no double holds it";
  EXPECT_THAT(faults_of(with(R"("text":"\udc00")")), HasSubstr("json_invalid"));
  EXPECT_THAT(faults_of(with(R"("\udc00":1)")), HasSubstr("json_invalid"));
  EXPECT_THAT(faults_of("[]"), HasSubstr("model_attributes_type"));
  EXPECT_THAT(faults_of(R"({"kind":"red","kind":"red","object":{}})"), HasSubstr("extra_forbidden"));
  EXPECT_THAT(faults_of(""), HasSubstr("missing"));
}

// Broken: a client could not read the answer, or would take a name for an index.
TEST(CheckedBody, names_of_digits_are_no_numbers) {
  EXPECT_THAT(faults_of(with(R"("007":1)")), HasSubstr(R"("loc":["body","007"])"));
  EXPECT_THAT(faults_of(with(R"("7":1)")), HasSubstr(R"("loc":["body","7"])"));
  EXPECT_LT(faults_of(with("\"" + std::string(10'000, '7') + "\":1")).size(), 400u);
}

// Broken: prompts and keys would stand in logs of those who log what they are answered.
TEST(CheckedBody, repeats_only_a_little_of_what_was_sent) {
  const std::string secret = "the customer's own prompt";
  EXPECT_THAT(faults_of(with(R"("kinds":[{"a":")" + secret + "\"}]")), Not(HasSubstr(secret)));
  EXPECT_THAT(faults_of(R"({"kind":"red","object":[")" + secret + "\"]}"), Not(HasSubstr(secret)));
  EXPECT_LT(faults_of(with("\"text\":\"" + std::string(10'000, 'x') + "\"")).size(), 400u);
  EXPECT_LT(faults_of(with("\"" + std::string(10'000, 'x') + "\":1")).size(), 400u);
  EXPECT_THAT(faults_of(with(R"("text":"a\u0000\u001b[31m-too-long")")), Not(HasSubstr("\\u001b")));
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "\"m" + std::to_string(i) + "\":1,";
  EXPECT_LT(faults_of("{" + many + R"("kind":"red","object":{}})").size(), 10'000u);
}

}  // namespace
}  // namespace api
