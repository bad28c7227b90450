// Broken if it fails: a hostile or broken client holds resources, crashes the server, or is read in two ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

#include "api/http/test_client.h"
#include "api/http/test_server.h"

namespace api::http {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

Settings impatient() {
  Settings settings;
  settings.header_timeout = 250ms;
  settings.idle_timeout = 250ms;
  settings.body_window = 250ms;
  settings.body_bytes_per_second_min = 1000;
  settings.write_timeout = 300ms;
  settings.linger_timeout = 200ms;
  return settings;
}

int status_of(std::uint16_t port, std::string_view request) {
  TestClient client(port);
  const auto answer = client.ask(request);
  if (!answer) return 0;
  EXPECT_NE(answer->header("X-Request-Id"), "") << request;
  return answer->status;
}

TEST(ServerLimits, RefusesAmbiguousFraming) {
  TestServer server;
  const std::string host = "Host: t\r\n";
  const std::string post = "POST /echo HTTP/1.1\r\n" + host;
  const std::vector<std::string> requests = {
      post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      post + "Content-Length: -5\r\n\r\nhello",
      post + "Content-Length: 5x\r\n\r\nhello",
      post + "Content-Length: 99999999999999999999999\r\n\r\nhello",
      post + "Transfer-Encoding: gzip\r\n\r\n",
      post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      std::string("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'e'),
      std::string("GET /hello HTTP/1.1\n") + "Host: t\n\n",
      "GET /hello HTTP/1.1\r\nHost: t\nX: y\r\n\r\n",
      "GET /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + host + "\r\n",
      "GET /hello HTTP/2.0\r\n" + host + "\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X : y\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X: y\r\n z\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X: y\r\n\tz: a\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + " X: y\r\n\r\n",
      "GET /hello HTTP/1.1\r\n " + host + "\r\n",
      post + "Content-Length:\r\n 5\r\n\r\nhello",
      post + "Content-Length: +5\r\n\r\nhello",
      "GET /hello HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10),
      "GET  /hello HTTP/1.1\r\n" + host + "\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS", 23),
  };
  for (const std::string& request : requests) {
    EXPECT_EQ(status_of(server.port(), request), 400) << request.substr(0, 200);
  }
  EXPECT_EQ(status_of(server.port(), post + "Content-Length: 5, 5\r\n\r\nhello"), 200);
}

TEST(ServerLimits, RefusesTargetsWithTwoReadings) {
  TestServer server;
  for (const char* target : {"/../hello", "/a/../hello", "/./hello", "//hello", "/hello//", "/%2e%2e/hello",
                             "/items/a%2Fb", "/items/%00", "/items/%zz", "/items/%4", "/items/%ff", "/query?q=%00",
                             "/query?q=%", "/hello#x", "hello", "*", "/items/a%5Cb"}) {
    EXPECT_EQ(status_of(server.port(), "GET " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n\r\n"), 400) << target;
  }
  EXPECT_EQ(status_of(server.port(), "GET /hello/ HTTP/1.1\r\nHost: t\r\n\r\n"), 404);
  EXPECT_EQ(status_of(server.port(), "CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n"), 400);
}

TEST(ServerLimits, LimitsHeaders) {
  TestServer server;
  const std::string get = "GET /hello HTTP/1.1\r\nHost: t\r\n";
  EXPECT_EQ(status_of(server.port(), get + "X: " + std::string(15'000, 'x') + "\r\n\r\n"), 200);
  EXPECT_EQ(status_of(server.port(), get + "X: " + std::string(17'000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of(server.port(), get + "X: " + std::string(64'000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of(server.port(), "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: t\r\n\r\n"), 431);
  std::string many = get;
  for (int i = 0; i < 10'000; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(server.port(), many + "\r\n"), 431);
  EXPECT_EQ(status_of(server.port(), "GET /" + std::string(10'000, 'x') +
                                         " HTTP/1.1\r\nHost: t\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n"),
            431);
}

TEST(ServerLimits, LimitsBodies) {
  TestServer server;
  const std::string post = "POST /tiny HTTP/1.1\r\nHost: t\r\n";
  EXPECT_EQ(status_of(server.port(), post + "Content-Length: 10\r\n\r\n0123456789"), 200);
  EXPECT_EQ(status_of(server.port(), post + "Content-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(status_of(server.port(), post + "Content-Length: 18446744073709551615\r\n\r\n"), 413);
  EXPECT_EQ(status_of(server.port(), post + "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n"), 413);
  EXPECT_EQ(status_of(server.port(), post + "Transfer-Encoding: chunked\r\n\r\n" + "a\r\n0123456789\r\n0\r\n\r\n"),
            200);
  EXPECT_EQ(status_of(server.port(), post + "Transfer-Encoding: chunked\r\n\r\n" + "b\r\n01234567890\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(status_of(server.port(), "POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 50000001\r\n\r\n"), 413);
}

// A client that never stops sending still reads the refusal, not a reset.
TEST(ServerLimits, ARefusedUploadReadsItsAnswer) {
  Settings settings;
  settings.linger_timeout = 60s;
  TestServer server(settings);
  TestClient client(server.port());
  client.send("POST /tiny HTTP/1.1\r\nHost: t\r\nContent-Length: 8000000\r\n\r\n");
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 80; ++i) client.send(piece);
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST(ServerLimits, EndsSlowHeadersWith408) {
  TestServer server(impatient());
  TestClient client(server.port());
  client.send("GET /hello HT");
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_TRUE(client.ended());

  // Dripping does not extend the deadline.
  TestClient dripping(server.port());
  std::thread drip([&] {
    for (int i = 0; i < 1000 && dripping.send("x"); ++i) std::this_thread::sleep_for(10ms);
  });
  EXPECT_EQ(dripping.read().value_or(TestAnswer{}).status, 408);
  dripping.half_close();
  drip.join();
}

TEST(ServerLimits, EndsSlowBodiesWith408) {
  TestServer server(impatient());
  for (const char* target : {"/echo", "/count"}) {
    TestClient client(server.port());
    client.send("POST " + std::string(target) + " HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n12");
    const auto answer = client.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 408);
  }
  TestClient dripping(server.port());
  dripping.send("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\n");
  std::thread drip([&] {
    for (int i = 0; i < 1000 && dripping.send("x"); ++i) std::this_thread::sleep_for(10ms);
  });
  EXPECT_EQ(dripping.read().value_or(TestAnswer{}).status, 408);
  dripping.half_close();
  drip.join();
}

TEST(ServerLimits, ClosesIdleConnectionsWithoutAWord) {
  TestServer server(impatient());
  TestClient silent(server.port());
  TestClient used(server.port());
  used.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(used.ended());
}

TEST(ServerLimits, GivesUpOnAClientThatDoesNotRead) {
  TestServer server(impatient());
  TestClient client(server.port());
  client.send("GET /download HTTP/1.1\r\nHost: t\r\n\r\n");
  while (server.finished().empty()) std::this_thread::sleep_for(5ms);
  EXPECT_LT(client.discard(50'000'000), 50'000'000u);
}

// Nothing is sent to the client meanwhile that would tell.
TEST(ServerLimits, EndsAnEventStreamWithItsClient) {
  TestServer server;
  for (const bool reset : {false, true}) {
    TestClient client(server.port());
    client.send("GET /event-stream HTTP/1.1\r\nHost: t\r\n\r\n");
    ASSERT_TRUE(client.read_head());
    EXPECT_EQ(server.handlers_running, 1);
    reset ? client.reset() : client.close();
    for (int i = 0; i < 2000 && server.handlers_running > 0; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(server.handlers_running, 0);
  }
  EXPECT_EQ(server.handlers_failed, 0);
}

TEST(ServerLimits, StopsWithoutWaitingForEventStreams) {
  TestServer server;
  TestClient client(server.port());
  client.send("GET /event-stream HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(client.read_head());
  auto stopped = server.stop_later(std::chrono::hours(1));
  ASSERT_EQ(stopped.wait_for(60s), std::future_status::ready);
  client.discard(~0ull);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server.handlers_failed, 0);
}

TEST(ServerLimits, RefusesConnectionsBeyondTheMaximum) {
  Settings settings;
  settings.connections_max = 2;
  TestServer server(settings);
  TestClient first(server.port());
  TestClient second(server.port());
  const std::string request = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
  EXPECT_EQ(first.ask(request)->status, 200);
  EXPECT_EQ(second.ask(request)->status, 200);
  TestClient third(server.port());
  const auto refused = third.ask(request);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("Retry-After"), "1");
  EXPECT_TRUE(third.ended());
  third.close();
  first.close();
  // Room again, as soon as the server has seen both go.
  int status = 0;
  while (status != 200) status = status_of(server.port(), request);
}

TEST(ServerLimits, OutlivesClientsThatLeaveAtEveryByte) {
  TestServer server(impatient());
  const std::string request =
      "POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
      "GET /download HTTP/1.1\r\nHost: t\r\n\r\n";
  for (std::size_t length = 0; length <= request.size(); ++length) {
    for (const int way : {0, 1, 2}) {
      TestClient client(server.port());
      client.send(std::string_view(request).substr(0, length));
      if (way == 0) client.close();
      if (way == 1) client.reset();
      if (way == 2) {
        client.half_close();
        client.discard(100'000);
      }
    }
  }
  while (server.handlers_running > 0) std::this_thread::yield();
  EXPECT_EQ(server.handlers_failed, 0);
  EXPECT_EQ(status_of(server.port(), "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"), 200);
}

TEST(ServerLimits, OutlivesMutatedRequests) {
  TestServer server(impatient());
  const std::array<std::string, 5> seeds = {
      "GET /items/42?q=a%20b HTTP/1.1\r\nHost: t\r\nCookie: a=b\r\nConnection: close\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world",
      "POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nT: "
      "x\r\n\r\n",
      "HEAD /download HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n\r\nGET /query?q=1 HTTP/1.0\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nX-Request-Id: abc\r\n\r\n0\r\n\r\n",
  };
  const std::array<std::string, 12> splices = {"\r\n",
                                               "\n",
                                               "\r",
                                               std::string(1, '\0'),
                                               ":",
                                               "0\r\n\r\n",
                                               "%",
                                               "..",
                                               "Content-Length: 3\r\n",
                                               "ffffffffffffffff\r\n",
                                               "\xff\xfe",
                                               "Transfer-Encoding: chunked\r\n"};
  const std::set<int> valid = {100, 200, 204, 400, 404, 405, 408, 413, 431};
  std::mt19937 random(20'260);  // fixed: the same 2,000 requests each time
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  for (int round = 0; round < 2000; ++round) {
    std::string request = seeds[below(seeds.size())];
    for (std::size_t change = 0; change <= below(4); ++change) {
      const std::size_t at = below(request.size());
      switch (below(5)) {
        case 0: request[at] = static_cast<char>(below(256)); break;
        case 1: request.erase(at, 1 + below(8)); break;
        case 2: request.insert(at, splices[below(splices.size())]); break;
        case 3: request.insert(at, request.substr(below(request.size()), below(40))); break;
        case 4: request.resize(at + 1); break;
      }
      if (request.empty()) request = "x";
    }
    TestClient client(server.port());
    ASSERT_TRUE(client.connected());
    client.send(request);
    client.half_close();
    const auto head = client.read_head();
    if (!head) continue;  // closed without an answer
    ASSERT_TRUE(head->starts_with("HTTP/1.1 ")) << request;
    EXPECT_TRUE(valid.contains(std::atoi(head->c_str() + 9))) << request << "\n" << *head;
  }
  EXPECT_EQ(server.handlers_failed, 0);
  EXPECT_EQ(status_of(server.port(), "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"), 200);
}

}  // namespace
}  // namespace api::http
