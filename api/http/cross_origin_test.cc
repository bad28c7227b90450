// Broken if it fails: pages of strangers read what a session shows, or those that are allowed cannot.
#include "api/http/cross_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http/test_client.h"
#include "api/http/test_server.h"

namespace api::http {
namespace {

using testing::HasSubstr;

constexpr const char* ours = "https://app.example.com";

Settings allowing(std::vector<std::string> origins) {
  Settings settings;
  settings.cors_origins = std::move(origins);
  return settings;
}

TestAnswer ask(const TestServer& server, const std::string& request_line, const std::string& fields) {
  TestClient client(server.port());
  const auto answer = client.ask(request_line + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n");
  EXPECT_TRUE(answer);
  return answer.value_or(TestAnswer{});
}

TEST(CrossOrigin, IsOffWithoutAList) {
  TestServer server;
  const TestAnswer answer = ask(server, "GET /hello", std::string("Origin: ") + ours + "\r\n");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(answer.header("Vary"), "");
}

TEST(CrossOrigin, LetsListedOriginsReadEveryAnswer) {
  TestServer server(allowing({"https://other.example.com", ours}));
  for (const char* line : {"GET /hello", "GET /nothing", "DELETE /hello", "GET /%zz", "GET /fails-at-once"}) {
    const TestAnswer answer = ask(server, line, std::string("Origin: ") + ours + "\r\n");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), ours) << line;
    EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "true");
    EXPECT_THAT(answer.header("Access-Control-Expose-Headers"), HasSubstr("X-Request-Id"));
    EXPECT_EQ(answer.header("Vary"), "Origin");
  }
}

TEST(CrossOrigin, TellsStrangersNothing) {
  TestServer server(allowing({ours}));
  for (const char* origin : {"https://app.example.com.evil.test", "http://app.example.com", "https://app.example.com:8",
                             "null", "*", "HTTPS://APP.EXAMPLE.COM"}) {
    const TestAnswer answer = ask(server, "GET /hello", std::string("Origin: ") + origin + "\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "");
    EXPECT_EQ(answer.header("Vary"), "Origin");
  }
}

TEST(CrossOrigin, GivesEveryoneNoCookies) {
  TestServer server(allowing({"*", ours}));
  for (const char* origin : {"https://anyone.test", "*"}) {
    const TestAnswer stranger = ask(server, "GET /hello", std::string("Origin: ") + origin + "\r\n");
    EXPECT_EQ(stranger.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(stranger.header("Access-Control-Allow-Credentials"), "");
  }
  const TestAnswer listed = ask(server, "GET /hello", std::string("Origin: ") + ours + "\r\n");
  EXPECT_EQ(listed.header("Access-Control-Allow-Origin"), ours);
  EXPECT_EQ(listed.header("Access-Control-Allow-Credentials"), "true");
}

TEST(CrossOrigin, AnswersPreflights) {
  TestServer server(allowing({ours}));
  const std::string asks = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";
  const TestAnswer answer = ask(server, "OPTIONS /echo", std::string("Origin: ") + ours + "\r\n" + asks);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), ours);
  EXPECT_THAT(answer.header("Access-Control-Allow-Methods"), HasSubstr("POST"));
  EXPECT_THAT(answer.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_NE(answer.header("Access-Control-Max-Age"), "");
  const TestAnswer stranger = ask(server, "OPTIONS /echo", "Origin: https://evil.test\r\n" + asks);
  EXPECT_EQ(stranger.header("Access-Control-Allow-Methods"), "");
  EXPECT_EQ(ask(server, "OPTIONS /nothing", std::string("Origin: ") + ours + "\r\n" + asks).status, 404);
}

}  // namespace
}  // namespace api::http
