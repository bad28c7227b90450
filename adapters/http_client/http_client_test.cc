// Broken if this fails: everything that leaves the service by HTTP.
#include "adapters/http_client/http_client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "adapters/http_client/test_certificate.h"
#include "adapters/http_client/test_http_server.h"

namespace adapters::http_client {
namespace {

using core::ErrorCode;
using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

core::Result<HttpResponse> fetch(HttpClient& client, HttpRequest request) {
  std::promise<core::Result<HttpResponse>> promise;
  auto answer = promise.get_future();
  client.send(std::move(request),
              [&promise](core::Result<HttpResponse> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

HttpRequest get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

void hang(const ReceivedRequest&, TestConnection& connection) {
  connection.wait_until_peer_closes();
}

TEST(HttpClient, sends_what_it_is_given_and_hands_back_what_it_gets) {
  ReceivedRequest seen;
  TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
    seen = request;
    connection.write("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n");
    connection.reply(201, std::string("a\0b", 3), "X-Answer: Yes\r\nX-Answer: Again\r\n");
  });
  HttpClient client;
  HttpRequest request = get(server.url("/path?query=1"));
  request.method = "POST";
  request.headers = {{"Webhook-Id", "msg_1"}, {"X-Empty", ""}, {"Content-Type", "application/json"}};
  request.body = std::string("{\"a\":\"\0\xff\"}", 9);
  const std::string sent = request.body;

  const auto response = fetch(client, std::move(request));

  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, std::string("a\0b", 3));
  EXPECT_EQ(response->header("x-answer"), "Yes");
  EXPECT_THAT(response->headers, Contains(Pair("x-answer", "Again")));
  EXPECT_FALSE(response->header("x-early"));
  EXPECT_GT(response->times.total.count(), 0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/path?query=1");
  EXPECT_EQ(seen.body, sent);
  EXPECT_EQ(seen.headers["webhook-id"], "msg_1");
  EXPECT_EQ(seen.headers["content-type"], "application/json");
  EXPECT_TRUE(seen.headers.contains("x-empty"));
  EXPECT_FALSE(seen.headers.contains("expect"));
}

TEST(HttpClient, speaks_every_method) {
  ReceivedRequest seen;
  TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
    seen = request;
    connection.reply(200);
  });
  HttpClient client;
  for (const std::string method : {"GET", "HEAD", "DELETE", "PUT", "PATCH", "POST"}) {
    HttpRequest request = get(server.url());
    request.method = method;
    const auto response = fetch(client, std::move(request));
    ASSERT_TRUE(response) << method << response.error().detail;
    EXPECT_EQ(seen.method, method);
    EXPECT_FALSE(seen.headers.contains("content-type")) << method;
    EXPECT_EQ(seen.headers.contains("content-length"), method.starts_with('P')) << method;
  }
}

TEST(HttpClient, hands_back_every_status_and_follows_no_redirect) {
  TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
    connection.reply(std::stoi(request.target.substr(1)), "", "Location: /200\r\n");
  });
  HttpClient client;
  for (const int status : {200, 204, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503}) {
    const auto response = fetch(client, get(server.url("/" + std::to_string(status))));
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->status, status);
  }
  EXPECT_EQ(server.requests(), 12U);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpClient, gives_up_on_a_server_that_hangs) {
  TestHttpServer silent(hang);
  TestHttpServer stalls([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
    connection.wait_until_peer_closes();
  });
  HttpClient client;
  for (const TestHttpServer* server : {&silent, &stalls}) {
    HttpRequest request = get(server->url());
    request.total_timeout = milliseconds(50);
    const auto response = fetch(client, std::move(request));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::network_failed);
    EXPECT_THAT(response.error().detail, HasSubstr("timed out"));
  }
}

TEST(HttpClient, cuts_off_an_endless_response) {
  TestHttpServer body([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.write(std::string(16 << 10, 'x'))) continue;
  });
  TestHttpServer headers([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: " + std::string(8 << 10, 'x') + "\r\n")) continue;
  });
  TestHttpServer informational([](const ReceivedRequest&, TestConnection& connection) {
    while (connection.write("HTTP/1.1 103 Early Hints\r\n\r\n")) continue;
  });
  HttpClient client;
  for (const TestHttpServer* server : {&body, &headers, &informational}) {
    HttpRequest request = get(server->url());
    request.response_bytes_max = 100'000;
    const auto response = fetch(client, std::move(request));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::payload_too_large);
  }
}

TEST(HttpClient, a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not) {
  TestHttpServer server(
      [](const ReceivedRequest&, TestConnection& connection) { connection.reply(200, std::string(1000, 'x')); });
  HttpClient client;
  HttpRequest request = get(server.url());
  request.response_bytes_max = 1000;
  EXPECT_TRUE(fetch(client, request));
  request.response_bytes_max = 999;
  EXPECT_FALSE(fetch(client, request));
}

TEST(HttpClient, says_when_nobody_listens) {
  std::string url;
  {
    TestHttpServer server(hang);
    url = server.url();
  }
  HttpClient client;
  const auto response = fetch(client, get(url));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::unavailable);
}

TEST(HttpClient, sends_once_what_must_not_be_sent_twice) {
  // Libcurl sends again when a connection that it kept ends without a byte.
  TestHttpServer server([answers = 1](const ReceivedRequest&, TestConnection& connection) mutable {
    if (answers-- > 0)
      connection.reply(200);
    else
      connection.cut();
  });
  HttpClient client;
  ASSERT_TRUE(fetch(client, get(server.url())));
  HttpRequest request = get(server.url());
  request.fresh_connection = true;
  const auto response = fetch(client, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::network_failed) << "it may have been acted on";
  EXPECT_EQ(server.requests(), 2U);
}

TEST(HttpClient, says_when_the_connection_breaks) {
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.");
    connection.cut();
  });
  HttpClient client;
  const auto response = fetch(client, get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::network_failed);
}

TEST(HttpClient, refuses_what_it_cannot_send_as_it_is) {
  HttpClient client;
  HttpRequest split = get("http://127.0.0.1:1/");
  split.headers = {{"X-Note", "a\r\nX-Forged: b"}};
  HttpRequest name = get("http://127.0.0.1:1/");
  name.headers = {{"X Note", "a"}};
  HttpRequest method = get("http://127.0.0.1:1/");
  method.method = "GET / HTTP/1.1\r\n";
  for (const HttpRequest& request : {split, name, method, get("file:///etc/passwd"), get("gopher://127.0.0.1:1/"),
                                     get("http://me:pw@127.0.0.1:1/"), get("no url")}) {
    const auto response = fetch(client, request);
    ASSERT_FALSE(response) << request.url;
    EXPECT_EQ(response.error().code, ErrorCode::invalid_request) << request.url << response.error().detail;
  }
}

TEST(HttpClient, streams_a_body_and_stops_when_told) {
  TestHttpServer server([](const ReceivedRequest& request, TestConnection& connection) {
    if (request.target == "/endless") {
      connection.write("HTTP/1.1 206 OK\r\n\r\n");
      while (connection.write(std::string(1 << 10, 'x'))) continue;
    }
    connection.reply(200, std::string(50'000, 'y'));
  });
  HttpClient client;
  std::string streamed;
  int seen_status = 0;
  HttpRequest request = get(server.url());
  request.on_body_chunk = [&](int status, std::string_view chunk) {
    seen_status = status;
    streamed += chunk;
    return streamed.size() > 100'000 ? BodyFlow::enough : BodyFlow::more;
  };
  auto response = fetch(client, request);
  ASSERT_TRUE(response);
  EXPECT_EQ(seen_status, 200);
  EXPECT_EQ(streamed, std::string(50'000, 'y'));
  EXPECT_TRUE(response->body.empty());

  request.url = server.url("/endless");
  response = fetch(client, request);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 206);
  EXPECT_EQ(seen_status, 206);
}

TEST(HttpClient, runs_many_requests_at_once_and_reuses_connections) {
  TestHttpServer server(
      [](const ReceivedRequest& request, TestConnection& connection) { connection.reply(200, request.target); });
  HttpClient client;
  const auto run = [&](int count) {
    std::vector<std::promise<core::Result<HttpResponse>>> answers(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      client.send(get(server.url("/" + std::to_string(i))),
                  [&answers, i](core::Result<HttpResponse> result) { answers[i].set_value(std::move(result)); });
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto response = answers[i].get_future().get();
      ASSERT_TRUE(response) << response.error().detail;
      EXPECT_EQ(response->body, "/" + std::to_string(i));
    }
  };
  run(200);
  const auto opened = server.connections();
  run(200);
  EXPECT_EQ(server.requests(), 400U);
  EXPECT_LE(opened, 200U);
  EXPECT_EQ(server.connections(), opened);
}

TEST(HttpClient, refuses_more_than_its_limit) {
  TestHttpServer server(hang);
  HttpClient client({.requests_max = 2, .ca_file = {}});
  std::atomic<int> ended = 0;
  for (int i = 0; i < 2; ++i) client.send(get(server.url()), [&](auto) { ++ended; });
  const auto third = fetch(client, get(server.url()));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::overloaded);
  client.stop();
  EXPECT_EQ(ended, 2);
}

TEST(HttpClient, stop_answers_each_running_request_once) {
  TestHttpServer server(hang);
  std::vector<std::atomic<int>> answers(50);
  std::atomic<int> refused_later = 0;
  {
    HttpClient client;
    for (auto& answer : answers) {
      client.send(get(server.url()), [&](core::Result<HttpResponse> result) {
        ++answer;
        EXPECT_EQ(result.error().code, ErrorCode::unavailable);
        client.send(get(server.url()), [&](auto) { ++refused_later; });
      });
    }
    client.stop();
    client.stop();
    const auto late = fetch(client, get(server.url()));
    EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  }
  for (const auto& answer : answers) EXPECT_EQ(answer, 1);
  EXPECT_EQ(refused_later, 50);
}

TEST(HttpClient, stop_races_with_send_from_many_threads) {
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200); });
  std::atomic<int> answers = 0;
  HttpClient client;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < 50; ++n) client.send(get(server.url()), [&](auto) { ++answers; });
    });
  }
  client.stop();
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(answers, 200);
}

TEST(HttpClient, connects_only_to_pinned_addresses) {
  TestHttpServer server([](const ReceivedRequest& request, TestConnection& connection) {
    connection.reply(200, request.headers.at("host"));
  });
  HttpClient client;
  const std::string port = std::to_string(server.port());

  HttpRequest request = get("http://hooks.example.test:" + port + "/");
  request.pinned_addresses = {"127.0.0.1"};
  const auto response = fetch(client, request);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->body, "hooks.example.test:" + port);

  // A literal and a resolvable name elsewhere, an empty list, and the first request's connection: all refused.
  for (const std::string host : {"127.0.0.1", "localhost", "127.1", "[::1]", "hooks.example.test"}) {
    for (const std::vector<std::string>& pinned : {std::vector<std::string>{"127.0.0.9"}, std::vector<std::string>{}}) {
      HttpRequest wrong = get("http://" + host + ":" + port + "/");
      wrong.pinned_addresses = pinned;
      const auto refused = fetch(client, wrong);
      ASSERT_FALSE(refused) << host;
      EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    }
  }
  EXPECT_EQ(server.requests(), 1U);

  // What was pinned for one request is not remembered for the next.
  const std::string local = "http://localhost:" + port + "/";
  HttpRequest elsewhere = get(local);
  elsewhere.pinned_addresses = {"127.0.0.9"};
  EXPECT_FALSE(fetch(client, elsewhere));
  EXPECT_TRUE(fetch(client, get(local)));
}

TEST(HttpClient, goes_on_to_the_next_address_when_one_refuses) {
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200); });
  HttpClient client;
  HttpRequest request = get("http://hooks.example.test:" + std::to_string(server.port()) + "/");
  request.pinned_addresses = {"::1", "127.0.0.1"};
  const auto response = fetch(client, request);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(server.requests(), 1U);
}

TEST(HttpClient, a_pinned_request_ignores_the_proxy_environment) {
  TestHttpServer proxy([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200, "proxy"); });
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200, "server"); });
  setenv("http_proxy", proxy.url("").c_str(), 1);
  HttpClient client;
  HttpRequest request = get("http://hooks.example.test:" + std::to_string(server.port()) + "/");
  const auto through_proxy = fetch(client, request);
  request.pinned_addresses = {"127.0.0.1"};
  const auto direct = fetch(client, request);
  unsetenv("http_proxy");
  ASSERT_TRUE(through_proxy && direct);
  EXPECT_EQ(through_proxy->body, "proxy");
  EXPECT_EQ(direct->body, "server");
}

TEST(HttpClient, verifies_the_certificate_against_the_name_even_when_pinned) {
  TestCertificate certificate("hooks.example.test");
  TestHttpServer server([](const ReceivedRequest&, TestConnection& connection) { connection.reply(200, "sealed"); },
                        certificate.server());
  const std::string port = std::to_string(server.port());
  HttpClient trusting({.ca_file = certificate.file()});
  HttpClient distrusting;

  HttpRequest request = get("https://hooks.example.test:" + port + "/");
  request.pinned_addresses = {"127.0.0.1"};
  const auto trusted = fetch(trusting, request);
  ASSERT_TRUE(trusted) << trusted.error().detail;
  EXPECT_EQ(trusted->body, "sealed");

  EXPECT_EQ(fetch(distrusting, request).error().code, ErrorCode::unavailable);
  request.url = "https://other.example.test:" + port + "/";
  EXPECT_EQ(fetch(trusting, request).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace adapters::http_client
