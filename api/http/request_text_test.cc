// Broken if it fails: what a request says, or what an answer says back, is misread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http/cookies.h"
#include "api/http/problem.h"
#include "api/http/request_id.h"
#include "api/http/router.h"
#include "api/http/status.h"
#include "api/http/target.h"
#include "api/http/utf8.h"

namespace api::http {
namespace {

using testing::HasSubstr;

TEST(Target, DecodesPathAndQuery) {
  const auto target = parse_target("/v1/caf%C3%A9?a=1&b=x%26y+z&a=2&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/caf\xC3\xA9");
  const Parameters expected = {{"a", "1"}, {"b", "x&y z"}, {"a", "2"}, {"flag", ""}};
  EXPECT_EQ(target->query, expected);
  EXPECT_EQ(parse_target("/")->path, "/");
  EXPECT_EQ(parse_target("http://host:80")->path, "/");
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");
  std::string many = "/?";
  for (int i = 0; i < 101; ++i) many += "a&";
  EXPECT_FALSE(parse_target(many));
}

TEST(Utf8, KnowsValidSequences) {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(valid_utf8(text)) << text;
  }
  for (const char* text : {"\x80", "\xC0\x80", "\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                           "\xF4\x90\x80\x80", "\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(valid_utf8(text)) << text;
  }
}

awaitable<Response> nothing(Request&) {
  co_return no_content();
}

TEST(Router, PrefersLiteralsAndFallsBackToParameters) {
  Router router;
  router.add(Method::get, "/", nothing);
  router.add(Method::get, "/v1/batches/{id}", nothing);
  router.add(Method::get, "/v1/batches/optimization-report", nothing);
  router.add(Method::get, "/v1/batches/{batch}/results", nothing);
  router.add(Method::post, "/v1/batches/{id}/cancel", nothing);
  const auto pattern = [&router](std::string_view path) {
    const Router::Match match = router.match(Method::get, std::string(path));
    return match.route == nullptr ? std::string("none") : match.route->pattern;
  };
  EXPECT_EQ(pattern("/"), "/");
  EXPECT_EQ(pattern("/v1/batches/optimization-report"), "/v1/batches/optimization-report");
  EXPECT_EQ(pattern("/v1/batches/bat_1"), "/v1/batches/{id}");
  EXPECT_EQ(pattern("/v1/batches/optimization-report/results"), "/v1/batches/{batch}/results");
  EXPECT_EQ(pattern("/v1/batches/"), "none");
  EXPECT_EQ(pattern("/v1/batches"), "none");
  EXPECT_EQ(pattern("/v1/batches/a/b/c"), "none");
  const Parameters expected = {{"batch", "bat_1"}};
  EXPECT_EQ(router.match(Method::get, "/v1/batches/bat_1/results").path_parameters, expected);
  const Router::Match wrong_method = router.match(Method::get, "/v1/batches/bat_1/cancel");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allow, "POST, OPTIONS");
  EXPECT_EQ(router.routes().size(), 5u);
}

TEST(Problem, CarriesBothShapesAndHidesOurFailures) {
  Request request;
  request.path = "/v1/quotes";
  request.request_id = "req_1";
  const Response refused = problem(core::Error{core::ErrorCode::unknown_field, "No \"x\"\xFF here.\n", "/items/0/x"},
                                   request, {{"errors", "[1]"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, R"({"type":"urn:batchrouter:error:unknown_field","title":"Unknown field","status":400,)"
                          R"("detail":"No \"x\")"
                          "\xEF\xBF\xBD"
                          R"( here.\u000a","instance":"/v1/quotes#req_1","request_id":"req_1",)"
                          R"("error":{"type":"invalid_request_error","code":"unknown_field","message":"No \"x\")"
                          "\xEF\xBF\xBD"
                          R"( here.\u000a","param":"/items/0/x"},"errors":[1]})");
  const Response broken = problem(core::Error{core::ErrorCode::storage_failed, "/secret/path"}, request);
  EXPECT_EQ(broken.status, 503);
  EXPECT_THAT(broken.body, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(broken.body, HasSubstr("\"param\":null"));
  const Response busy = problem(core::Error{core::ErrorCode::overloaded, ""}, request);
  EXPECT_EQ(busy.headers.get("Retry-After"), "1");
}

TEST(Status, EveryCodeHasAStatusWithAPhrase) {
  for (const core::ErrorCode code : {
#define X(name) core::ErrorCode::name,
           CORE_ERROR_CODES(X)
#undef X
       }) {
    EXPECT_GE(http_status(code), 400) << core::to_string(code);
    EXPECT_FALSE(reason_phrase(http_status(code)).empty()) << core::to_string(code);
  }
}

TEST(Cookies, ReadAndWrite) {
  Request request;
  request.headers.add("cookie", "theme=dark; __Host-session=abc.1; quoted=\"q\"");
  request.headers.add("Cookie", "second=2");
  EXPECT_EQ(cookie(request, "__Host-session"), "abc.1");
  EXPECT_EQ(cookie(request, "quoted"), "q");
  EXPECT_EQ(cookie(request, "second"), "2");
  EXPECT_EQ(cookie(request, "session"), std::nullopt);
  SetCookie session;
  session.name = "__Host-session";
  session.value = "abc";
  session.max_age = std::chrono::seconds(60);
  EXPECT_EQ(to_string(session), "__Host-session=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
}

TEST(RequestId, IsOursUnlessTheClientsIsHarmless) {
  EXPECT_EQ(choose_request_id("abc-1_Z"), "abc-1_Z");
  EXPECT_TRUE(choose_request_id(std::string(65, 'a')).starts_with("req_"));
  EXPECT_TRUE(choose_request_id("").starts_with("req_"));
  EXPECT_NE(choose_request_id(std::nullopt), choose_request_id(std::nullopt));
}

}  // namespace
}  // namespace api::http
