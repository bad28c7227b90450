// Broken if this fails: webhooks are lost, or reach where they must not.
#include "adapters/webhooks/webhook_poster.h"

#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <future>

#include "adapters/http_client/test_http_server.h"
#include "adapters/webhooks/system_resolver.h"

namespace adapters::webhooks {
namespace {

using core::ErrorCode;
using http_client::HttpClient;
using http_client::ReceivedRequest;
using http_client::TestConnection;
using http_client::TestHttpServer;
using processors::WebhookRequest;
using processors::WebhookResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers look-ups in the order told; keeps silent about those beyond.
class FakeResolver final : public Resolver {
 public:
  void will_answer(core::Result<Addresses> answer) { answers_.push_back(std::move(answer)); }

  void resolve(std::string host, milliseconds, std::function<void(core::Result<Addresses>)> done) override {
    asked_.push_back(host);
    if (answers_.empty()) {
      done(core::Error{core::ErrorCode::network_failed, "no such host"});
      return;
    }
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    done(std::move(answer));
  }

  const std::vector<std::string>& asked() const { return asked_; }

 private:
  std::deque<core::Result<Addresses>> answers_;
  std::vector<std::string> asked_;
};

class WebhookPosterTest : public testing::Test {
 protected:
  static WebhookSettings settings() {
    WebhookSettings result;
    result.rules.allow_loopback = true;
    result.connect_timeout = milliseconds(300);
    result.total_timeout = milliseconds(300);
    return result;
  }

  core::Result<WebhookResponse> post(std::string url, WebhookSettings with = settings()) {
    WebhookPoster poster(resolver_, client_, with, [] { return core::Timestamp(seconds(1767225600)); });
    std::promise<core::Result<WebhookResponse>> promise;
    auto answer = promise.get_future();
    poster.post({std::move(url), {{"webhook-id", "msg_1"}, {"webhook-signature", "v1,abc="}}, "{\"type\":\"x\"}"},
                [&promise](core::Result<WebhookResponse> result) { promise.set_value(std::move(result)); });
    return answer.get();
  }

  core::Result<WebhookResponse> post_to(const TestHttpServer& server, WebhookSettings with = settings()) {
    resolver_.will_answer(Addresses{"127.0.0.1"});
    return post("http://localhost:" + std::to_string(server.port()) + "/hook", with);
  }

  FakeResolver resolver_;
  HttpClient client_;
};

TEST_F(WebhookPosterTest, delivers_headers_and_body_as_they_were_signed) {
  ReceivedRequest seen;
  TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
    seen = request;
    connection.reply(204);
  });
  const auto response = post_to(server);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 204);
  EXPECT_FALSE(response->retry_after);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/hook");
  EXPECT_EQ(seen.body, "{\"type\":\"x\"}");
  EXPECT_EQ(seen.headers["webhook-id"], "msg_1");
  EXPECT_EQ(seen.headers["webhook-signature"], "v1,abc=");
  EXPECT_EQ(seen.headers["host"], "localhost:" + std::to_string(server.port()));
}

TEST_F(WebhookPosterTest, reports_status_and_retry_after_and_follows_no_redirect) {
  int status = 0;
  TestHttpServer server([&](const ReceivedRequest&, TestConnection& connection) {
    connection.reply(status, "ignored", "Location: /elsewhere\r\nRetry-After: 30\r\n");
  });
  std::size_t posts = 0;
  for (const int scripted : {200, 301, 302, 303, 307, 308, 404, 410, 429, 500, 503}) {
    status = scripted;
    const auto response = post_to(server);
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->status, scripted);
    EXPECT_EQ(response->retry_after, seconds(30));
    EXPECT_EQ(server.requests(), ++posts);
  }
}

TEST_F(WebhookPosterTest, takes_the_status_of_an_endless_answer_and_hangs_up) {
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.write(std::string(16 << 10, 'x'))) continue;
  });
  const auto response = post_to(server);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 200);
}

TEST_F(WebhookPosterTest, a_receiver_that_hangs_floods_headers_or_is_gone_is_a_failed_try) {
  TestHttpServer hangs([](const ReceivedRequest&, TestConnection& connection) { connection.wait_until_peer_closes(); });
  TestHttpServer floods([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: " + std::string(8 << 10, 'x') + "\r\n")) continue;
  });
  WebhookSettings hasty = settings();
  hasty.total_timeout = milliseconds(50);
  EXPECT_EQ(post_to(hangs, hasty).error().code, ErrorCode::network_failed);
  EXPECT_EQ(post_to(floods).error().code, ErrorCode::network_failed);
  std::string url;
  {
    TestHttpServer gone([](const ReceivedRequest&, TestConnection&) {});
    url = gone.url();
  }
  resolver_.will_answer(Addresses{"127.0.0.1"});
  EXPECT_EQ(post(url).error().code, ErrorCode::network_failed);
}

TEST_F(WebhookPosterTest, sends_nothing_when_the_name_does_not_resolve) {
  const auto response = post("https://hooks.example.com/");
  EXPECT_EQ(response.error().code, ErrorCode::network_failed);
  EXPECT_EQ(resolver_.asked(), std::vector<std::string>{"hooks.example.com"});
  resolver_.will_answer(Addresses{});
  EXPECT_EQ(post("https://hooks.example.com/").error().code, ErrorCode::url_not_allowed);
}

TEST_F(WebhookPosterTest, refuses_a_name_when_any_of_its_addresses_is_not_public) {
  for (const Addresses& addresses :
       {Addresses{"10.0.0.1"}, Addresses{"93.184.216.34", "10.0.0.1"}, Addresses{"93.184.216.34", "127.0.0.1"},
        Addresses{"2606:4700:4700::1111", "::ffff:127.0.0.1"}, Addresses{"169.254.169.254"}, Addresses{"no address"}}) {
    resolver_.will_answer(addresses);
    EXPECT_EQ(post("https://hooks.example.com/").error().code, ErrorCode::url_not_allowed) << addresses.back();
  }
}

TEST_F(WebhookPosterTest, checks_the_name_again_at_every_try) {
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200); });
  ASSERT_TRUE(post_to(server));
  // The name now points elsewhere: the good connection of a moment ago must not be used either.
  resolver_.will_answer(Addresses{"10.0.0.1"});
  EXPECT_EQ(post("http://localhost:" + std::to_string(server.port()) + "/").error().code, ErrorCode::url_not_allowed);
  resolver_.will_answer(Addresses{"127.0.0.9"});
  EXPECT_EQ(post("http://localhost:" + std::to_string(server.port()) + "/").error().code, ErrorCode::network_failed);
  EXPECT_EQ(server.requests(), 1U);
}

TEST_F(WebhookPosterTest, connects_to_what_was_checked_whatever_dns_says_then) {
  // DNS rebinding: the check sees one address; asked again, this name (from the hosts file) is 127.0.0.1.
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200); });
  resolver_.will_answer(Addresses{"127.0.0.9"});
  const auto response = post("http://localhost:" + std::to_string(server.port()) + "/");
  EXPECT_EQ(response.error().code, ErrorCode::network_failed);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(WebhookPosterTest, refuses_a_bad_url_before_asking_anyone) {
  WebhookSettings strict;
  for (const std::string url : {"http://example.com/", "https://127.0.0.1/", "https://me@example.com/",
                                "https://example.com:22/", "nonsense"}) {
    EXPECT_EQ(post(url, strict).error().code, ErrorCode::url_not_allowed) << url;
  }
  EXPECT_TRUE(resolver_.asked().empty());
}

TEST_F(WebhookPosterTest, stopping_the_client_answers_what_is_under_way) {
  TestHttpServer server(
      [](const ReceivedRequest&, TestConnection& connection) { connection.wait_until_peer_closes(); });
  WebhookPoster poster(resolver_, client_, {.rules = {.allow_loopback = true}}, [] { return core::Timestamp(); });
  std::atomic<int> answers = 0;
  for (int i = 0; i < 10; ++i) {
    resolver_.will_answer(Addresses{"127.0.0.1"});
    poster.post({server.url(), {}, "{}"}, [&](core::Result<WebhookResponse> result) {
      EXPECT_EQ(result.error().code, ErrorCode::network_failed);
      ++answers;
    });
  }
  client_.stop();
  EXPECT_EQ(answers, 10);
}

core::Result<Addresses> look_up(Resolver& resolver, const std::string& host, milliseconds limit = seconds(5)) {
  std::promise<core::Result<Addresses>> promise;
  auto answer = promise.get_future();
  resolver.resolve(host, limit, [&promise](core::Result<Addresses> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

TEST(SystemResolver, knows_this_machine_and_reads_addresses_as_the_system_does) {
  SystemResolver resolver;
  const auto local = look_up(resolver, "localhost");
  ASSERT_TRUE(local) << local.error().detail;
  EXPECT_FALSE(local->empty());
  EXPECT_FALSE(may_connect(*local, {}));
  EXPECT_TRUE(may_connect(*local, {.allow_loopback = true}));
  EXPECT_EQ(*look_up(resolver, "0x7f.1"), Addresses{"127.0.0.1"});
  EXPECT_EQ(*look_up(resolver, "::1"), Addresses{"::1"});
}

TEST(SystemResolver, an_error_is_an_error_and_not_an_empty_answer) {
  SystemResolver resolver;
  const auto broken = look_up(resolver, std::string(300, 'x'));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::network_failed);
}

TEST(SystemResolver, answers_each_look_up_once_also_when_stopped) {
  std::vector<std::atomic<int>> answers(50);
  SystemResolver resolver;
  for (auto& answer : answers) resolver.resolve("127.0.0.1", seconds(5), [&](auto) { ++answer; });
  resolver.stop();
  resolver.stop();
  for (const auto& answer : answers) EXPECT_EQ(answer, 1);
  EXPECT_EQ(look_up(resolver, "127.0.0.1").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace adapters::webhooks
