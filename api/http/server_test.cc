// Broken if it fails: clients are answered wrongly, or the bytes of one answer are taken for those of another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "api/http/test_client.h"
#include "api/http/test_server.h"

namespace api::http {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

class ServerTest : public testing::Test {
 protected:
  static Settings patient() {
    Settings settings;
    settings.linger_timeout = std::chrono::seconds(60);
    return settings;
  }

  TestServer server{patient()};
  TestClient client{server.port()};
};

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(get("/hello"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(answer->header("Content-Length"), "5");
    EXPECT_EQ(answer->header("Connection"), "");
    EXPECT_THAT(answer->header("X-Request-Id"), MatchesRegex("req_[0-9a-z]{26}"));
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/items/" + std::to_string(i)) + post("/echo", std::to_string(i));
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 2000; ++i) {
    const auto answer = client.read();
    EXPECT_TRUE(answer && answer->body == std::to_string(i / 2)) << i;
    if (!answer) break;
  }
  sender.join();
}

TEST_F(ServerTest, ClosesWhereTheClientAsksForIt) {
  const auto answer = client.ask(get("/hello", "Connection: close\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("Connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, ServesHttp10) {
  const auto kept = client.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->header("Connection"), "keep-alive");
  const auto answer = client.ask("GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("Transfer-Encoding"), "");
  EXPECT_EQ(answer->body.size(), 200'000u);
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, KeepsTheClientsRequestIdWhereItIsHarmless) {
  EXPECT_EQ(client.ask(get("/hello", "X-Request-Id: my-id_7\r\n"))->header("X-Request-Id"), "my-id_7");
  EXPECT_THAT(client.ask(get("/hello", "X-Request-Id: a b\r\n"))->header("X-Request-Id"), MatchesRegex("req_.{26}"));
  EXPECT_EQ(client.ask(get("/nowhere", "X-Request-Id: my-id_8\r\n"))->header("X-Request-Id"), "my-id_8");
}

TEST_F(ServerTest, AnswersHeadLikeGetWithoutTheBody) {
  const auto hello = client.ask("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n", true);
  EXPECT_EQ(hello->header("Content-Length"), "5");
  const auto download = client.ask("HEAD /download HTTP/1.1\r\nHost: t\r\n\r\n", true);
  EXPECT_EQ(download->header("Content-Length"), "50000000");
  const auto missing = client.ask("HEAD /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", true);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
}

TEST_F(ServerTest, TellsUnknownPathsFromUnknownMethods) {
  const auto missing = client.ask(get("/nowhere"));
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->header("Content-Type"), "application/problem+json");
  EXPECT_THAT(missing->body, HasSubstr("\"code\":\"not_found\""));
  const auto refused = client.ask("DELETE /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(refused->status, 405);
  EXPECT_EQ(refused->header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: t\r\n\r\n")->status, 405);
  const auto options = client.ask("OPTIONS /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(options->header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(options->header("Content-Length"), "");
  EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n")->status, 204);
  EXPECT_EQ(client.ask(get("/empty"))->status, 204);
  EXPECT_EQ(client.ask(get("http://other.test/query?q=a%20b+c"))->body, "a b c");
}

TEST_F(ServerTest, HidesWhatAHandlerThrew) {
  const auto answer = client.ask(get("/throws"));
  EXPECT_EQ(answer->status, 500);
  EXPECT_THAT(answer->body, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(answer->body, HasSubstr(answer->header("X-Request-Id")));
  EXPECT_EQ(server.handlers_failed, 1);
  EXPECT_EQ(client.ask(get("/hello"))->status, 200);
}

TEST_F(ServerTest, ReadsBodiesOfBothFramings) {
  EXPECT_EQ(client.ask(post("/echo", "some text"))->body, "some text");
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;extension=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: x\r\n\r\n";
  EXPECT_EQ(client.ask(chunked)->body, "hello world");
  for (const char byte : chunked) client.send(std::string(1, byte));
  EXPECT_EQ(client.read()->body, "hello world");
  const std::string large(1024 * 1024, 'z');
  EXPECT_EQ(client.ask(post("/echo", large))->body, large);
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: t\r\n\r\n")->body, "");
  EXPECT_EQ(client.ask(get("/large"))->body.size(), 1'000'000u);
}

TEST_F(ServerTest, AsksForAHeldBackBodyOnlyWhenItIsWanted) {
  const std::string expect = "Expect: 100-continue\r\n";
  client.send("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n" + expect + "\r\n");
  EXPECT_EQ(client.read()->status, 100);
  EXPECT_EQ(client.ask("12345")->body, "5");

  client.send("POST /reject HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n" + expect + "\r\n");
  const auto refused = client.read();
  EXPECT_EQ(refused->status, 402);
  EXPECT_EQ(refused->header("Connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, KeepsTheConnectionAfterASmallUnreadBodyOnly) {
  EXPECT_EQ(client.ask(post("/ignore", std::string(60'000, 'x')))->body, "ignored");
  EXPECT_EQ(client.ask(post("/nowhere", "{}"))->status, 404);
  EXPECT_EQ(client.ask(post("/reject", "{}"))->status, 402);
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
  const auto answer = client.ask(post("/reject", std::string(2'000'000, 'x')));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("Connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, StreamsFiftyMegabytesEachWayInConstantMemory) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  constexpr std::uint64_t total = 50'000'000;
  client.send(get("/download"));
  ASSERT_TRUE(client.read_head());
  EXPECT_EQ(client.discard(total), total);

  client.send("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 50000000\r\n\r\n");
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(client.send(piece));
  EXPECT_EQ(client.read()->body, "50000000");
  EXPECT_LE(server.largest_piece, 64u * 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 10'000);  // KiB
#endif
}

TEST_F(ServerTest, SendsChunksWhereTheLengthIsUnknown) {
  const auto answer = client.ask(get("/events"));
  EXPECT_EQ(answer->header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer->body.size(), 200'000u);
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
}

TEST_F(ServerTest, NeverPassesABrokenStreamOffAsWhole) {
  EXPECT_EQ(client.ask(get("/fails-at-once"))->status, 503);
  for (const char* target : {"/fails-later", "/too-long", "/too-short"}) {
    TestClient other(server.port());
    other.send(get(target));
    EXPECT_FALSE(other.read()) << target;
  }
}

TEST_F(ServerTest, KeepsLineBreaksOutOfHeaders) {
  const auto answer = client.ask(get("/evil-header?q=x"));
  EXPECT_EQ(answer->header("Set-Cookie"), "");
  EXPECT_EQ(answer->header("X-Name"), "x  Set-Cookie: a=b");
}

TEST_F(ServerTest, ReportsEveryRequest) {
  client.ask(get("/hello"));
  client.ask(get("/nowhere"));
  client.ask("garbage\r\n\r\n");
  EXPECT_TRUE(client.ended());
  const std::vector<std::string> finished = server.finished();
  ASSERT_EQ(finished.size(), 3u);
  EXPECT_EQ(finished[0], "GET /hello 200");
  EXPECT_EQ(finished[1], "GET /nowhere 404");
  EXPECT_EQ(finished[2], "OTHER  400");
}

TEST(ServerStop, LetsRequestsFinishAndClosesIdleConnections) {
  TestServer server;
  TestClient idle(server.port());
  idle.ask(get("/hello"));
  TestClient busy(server.port());
  busy.send(get("/wait"));
  while (server.handlers_running == 0) std::this_thread::yield();
  auto stopped = server.stop_later(std::chrono::seconds(60));
  EXPECT_TRUE(idle.ended());
  const auto answer = busy.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "waited");
  EXPECT_EQ(answer->header("Connection"), "close");
  busy.close();
  stopped.get();
  EXPECT_EQ(server.handlers_running, 0);
  EXPECT_FALSE(TestClient(server.port()).connected());
}

TEST(ServerStop, CutsOffAtTheDeadline) {
  TestServer server;
  TestClient waiting(server.port());
  waiting.send(get("/wait-long"));
  TestClient uploading(server.port());
  uploading.send("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n12");
  TestClient downloading(server.port());
  downloading.send(get("/download"));
  downloading.read_head();
  while (server.handlers_running < 2) std::this_thread::yield();
  server.stop(std::chrono::milliseconds(50));
  EXPECT_EQ(server.handlers_running, 0);
  EXPECT_EQ(server.handlers_failed, 0);
  EXPECT_TRUE(waiting.ended());
  server.stop(std::chrono::milliseconds(50));  // again: harmless
}

TEST(ServerStart, SaysWhyItCannotListen) {
  TestServer server;
  Settings settings;
  settings.port = server.port();
  Server second(server.context().get_executor(), settings, Router());
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, core::ErrorCode::configuration_invalid);
}

}  // namespace
}  // namespace api::http
