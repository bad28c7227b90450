#include "adapters/mail/resend_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "adapters/http_client/test_http_server.h"

namespace adapters::mail {
namespace {

using core::ErrorCode;
using http_client::ReceivedRequest;
using http_client::TestConnection;
using testing::HasSubstr;

class ResendMailTest : public testing::Test {
 protected:
  // Status 0: no answer.
  core::Result<void> send(int status, std::string_view answer = R"({"id":"49a3999c"})") {
    http_client::TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
      received = request;
      if (status == 0) return connection.cut();
      connection.reply(status, answer);
    });
    http_client::HttpClient client;
    ResendSettings settings;
    settings.api_key = core::Secret("re_1");
    settings.from = "Router <no-reply@example.com>";
    settings.base_url = "http://127.0.0.1:" + std::to_string(server.port());
    ResendMail mail(client, std::move(settings));
    std::promise<core::Result<void>> promise;
    std::future<core::Result<void>> sent = promise.get_future();
    mail.send({core::MailId("mail_1"), "ada@example.org", "Größe", "a \"text\"\n", "<p>a</p>"},
              [&](core::Result<void> result) { promise.set_value(std::move(result)); });
    const core::Result<void> outcome = sent.get();
    client.stop();
    return outcome;
  }

  ErrorCode refusal(int status, const std::string& name) {
    const std::string message = R"("message":"cannot send to ada@example.org"})";
    const core::Result<void> sent = send(status, R"({"statusCode":422,"name":")" + name + R"(",)" + message);
    if (sent.has_value()) return ErrorCode::internal;
    EXPECT_THAT(sent.error().detail, testing::Not(HasSubstr("ada")));
    return sent.error().code;
  }

  ReceivedRequest received;
};

// If this failed, nobody could sign up where mail goes through Resend.
TEST_F(ResendMailTest, AsksAsTheApiIsDocumented) {
  const core::Result<void> sent = send(200);
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(received.method, "POST");
  EXPECT_EQ(received.target, "/emails");
  EXPECT_EQ(received.headers["authorization"], "Bearer re_1");
  EXPECT_EQ(received.headers["content-type"], "application/json");
  EXPECT_EQ(received.headers["idempotency-key"], "mail_1");
  EXPECT_EQ(received.body,
            "{\"from\":\"Router <no-reply@example.com>\",\"to\":[\"ada@example.org\"],\"subject\":\"Größe\","
            "\"text\":\"a \\\"text\\\"\\n\",\"html\":\"<p>a</p>\"}");
}

TEST_F(ResendMailTest, OnlyWhatIsTheMailsFaultIsNeverTriedAgain) {
  EXPECT_EQ(refusal(422, "validation_error"), ErrorCode::invalid_request);
  EXPECT_EQ(refusal(400, "validation_error"), ErrorCode::invalid_request);
  EXPECT_EQ(refusal(422, "invalid_from_address"), ErrorCode::configuration_invalid);
  EXPECT_EQ(refusal(401, "missing_api_key"), ErrorCode::configuration_invalid);
  EXPECT_EQ(refusal(403, "invalid_api_key"), ErrorCode::configuration_invalid);
  EXPECT_EQ(refusal(429, "rate_limit_exceeded"), ErrorCode::overloaded);
  EXPECT_EQ(refusal(429, "daily_quota_exceeded"), ErrorCode::overloaded);
  EXPECT_EQ(refusal(409, "concurrent_idempotent_requests"), ErrorCode::overloaded);
  EXPECT_EQ(refusal(500, "application_error"), ErrorCode::network_failed);
  EXPECT_EQ(send(502, "<html>").error().code, ErrorCode::network_failed);
  EXPECT_EQ(send(0).error().code, ErrorCode::network_failed);
}

TEST_F(ResendMailTest, AnIdThatWasTakenBeforeIsSent) {
  EXPECT_TRUE(send(409, R"({"statusCode":409,"name":"invalid_idempotent_request","message":"..."})"));
}

}  // namespace
}  // namespace adapters::mail
