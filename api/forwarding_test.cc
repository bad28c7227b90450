// If these fail, what a client gets depends on which node it asked: two nodes, where a request for the other's
// partition goes through the first.
#include "api/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>
#include <thread>

#include "api/http/test_client.h"
#include "api/http/test_server.h"
#include "api/resources/resources.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/fake_vault.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t fifty_megabytes = 50'000'000;
const std::string session = "obs_" + std::string(26, '1') + std::string(43, 'a');

struct NoBus final : processors::CommandBus {
  void submit(core::AggregateKey, core::CommandId, core::Command, processors::Answered) override { std::abort(); }
};

// A server of its own, with one route for each thing that a proxy can do wrong.
class Node {
 public:
  explicit Node(std::string instance) : app_(make_app(std::move(instance))) { start(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { stop(); }

  void stop() {
    if (threads_.empty()) return;
    boost::asio::co_spawn(context_, server_->stop(std::chrono::seconds(0)), boost::asio::use_future).get();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::uint16_t port() const { return server_->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  const App& app() const { return app_; }

  void forward_to(const Node& owner) {  // all partitions
    const std::lock_guard lock(mutex_);
    owner_ = owner.url();
  }

  std::atomic<std::int64_t> now{1'800'000'000};
  std::atomic<int> running{0};
  std::atomic<std::size_t> largest_piece{0};

 private:
  struct Running {
    explicit Running(std::atomic<int>& running_count) : count(running_count) { ++count; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { --count; }
    std::atomic<int>& count;
  };

  App make_app(std::string instance) {
    Settings settings;
    settings.instance = std::move(instance);
    return App{.settings = std::move(settings),
               .bus = bus_,
               .reader = processors::StateReader(store_, 16),
               .vault = vault_,
               .blobs = blobs_,
               .links = processors::FileLinks(vault_, ""),
               .catalog = catalog_,
               .lanes = {},
               .passwords = passwords_,
               .blocking = context_.get_executor(),
               .now = [this] { return core::Timestamp(std::chrono::seconds(now)); },
               .halted_partitions = {},
               .render_metrics = {},
               .metrics = metrics_,
               .log = log_,
               .forward_to =
                   [this](core::Partition) {
                     const std::lock_guard lock(mutex_);
                     return owner_;
                   }};
  }

  void start() {
    http::Router router;
    const auto add = [&](http::Method method, const char* path, http::Body body, http::Handler handler) {
      router.add(method, path, std::move(handler), {body, fifty_megabytes, resources::org});
    };
    using enum http::Method;
    using enum http::Body;
    add(get, "/seen/{id}", none, [](http::Request& request) { return answer(http::text(200, seen(request))); });
    add(post, "/seen", small, [](http::Request& request) { return answer(http::text(201, seen(request))); });
    add(post, "/upload", stream, [this](http::Request& request) { return count_body(request); });
    add(post, "/refuse", stream, [](http::Request& request) {
      return answer(http::problem({core::ErrorCode::insufficient_credits, "no money"}, request));
    });
    add(get, "/download", none, [](http::Request&) { return answer(download(fifty_megabytes, fifty_megabytes)); });
    add(get, "/events", none, [](http::Request&) { return answer(download(200'000, std::nullopt)); });
    add(get, "/watch", none, [this](http::Request&) {
      return answer(http::streamed(200, "text/event-stream", std::make_unique<http::TestEvents>(running)));
    });
    add(get, "/dies", none, [](http::Request&) { return answer(download(300'000, 300'000, 200'000)); });
    add(get, "/empty", none, [](http::Request&) { return answer(http::no_content()); });
    add(post, "/wait", none, [this](http::Request&) { return wait_for_ever(); });
    add(get, "/cookies", none, [](http::Request&) { return answer(with_cookies()); });
    router.add(post, "/lookup", [this](http::Request& request) { return look_up(request); },
               {small, fifty_megabytes, resources::anyone});
    forward_to_owners(router, app_);
    server_ = std::make_unique<http::Server>(context_.get_executor(), http::Settings{}, std::move(router));
    if (!server_->start()) throw std::runtime_error("cannot listen");
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { context_.run(); });
  }

  static http::awaitable<http::Response> answer(http::Response response) { co_return response; }

  // What the handler sees of a request.
  static std::string seen(const http::Request& request) {
    std::string text = std::string(http::to_string(request.method)) + " " + request.target + "\n";
    text += "id " + request.request_id + "\nfrom " + request.remote_address + "\n";
    for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
    return text + "\n" + request.body;
  }

  static http::Response download(std::uint64_t total, std::optional<std::uint64_t> announced,
                                 std::uint64_t fail_after = ~0ull) {
    return http::streamed(200, "application/octet-stream",
                          std::make_unique<http::TestSource>(total, announced, fail_after));
  }

  static http::Response with_cookies() {
    http::Response response = http::text(200, "");
    for (const char* cookie : {"a=1", "b=2"}) response.headers.add("Set-Cookie", cookie);
    return response;
  }

  http::awaitable<http::Response> count_body(http::Request& request) {
    std::uint64_t bytes = 0;
    for (;;) {
      core::Result<std::string> piece = co_await request.body_stream->read(64 * 1024);
      if (!piece) co_return http::problem(piece.error(), request);
      if (piece->empty()) break;
      largest_piece = std::max(largest_piece.load(), piece->size());
      bytes += piece->size();
    }
    co_return http::text(200, std::to_string(bytes));
  }

  // Learns only here whose partition it needs.
  http::awaitable<http::Response> look_up(http::Request& request) {
    core::AggregateKey needed("org:found");
    std::optional<Outcome> elsewhere = co_await ask_owner(app_, proxy_, std::move(needed), request);
    if (!elsewhere) co_return http::text(200, seen(request));
    if (elsewhere->has_error()) co_return http::problem(elsewhere->error(), request);
    co_return std::move(**elsewhere);
  }

  http::awaitable<http::Response> wait_for_ever() {
    const Running here(running);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return http::no_content();
  }

  std::mutex mutex_;
  std::optional<std::string> owner_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = make_work_guard(context_);
  NoBus bus_;
  processors::testing::FakeStore store_;
  processors::testing::FakeVault vault_;
  processors::testing::FakeBlobs blobs_;
  processors::testing::NullMetrics metrics_;
  processors::testing::NullLog log_;
  core::Catalog catalog_;
  adapters::passwords::PasswordHasher passwords_;
  App app_;
  http::Proxy proxy_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::thread> threads_;
};

class ForwardingTest : public ::testing::Test {
 protected:
  ForwardingTest() { entry.forward_to(owner); }

  static std::string request(const std::string& line, const std::string& fields = "", const std::string& body = "") {
    const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return line + " HTTP/1.1\r\nHost: router.test\r\nAuthorization: Bearer " + session + "\r\n" + length + fields +
           "\r\n" + body;
  }
  http::TestAnswer ask(const Node& node, const std::string& text, bool is_head = false) {
    http::TestClient other(node.port());
    return other.ask(text, is_head).value_or(http::TestAnswer{});
  }
  static void run_until(const std::function<bool()>& so) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!so() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_TRUE(so());
  }
  // As forwarding writes it; the address is what the client is to be taken for.
  std::string header(const std::string& line, const std::string& address, std::int64_t sent_at) const {
    const std::string words = "other " + address + " " + std::to_string(sent_at);
    const std::size_t space = line.find(' ');
    const std::string text = line.substr(0, space) + "\n" + line.substr(space + 1) + "\n" + words;
    return "X-BatchRouter-Forwarded: " + words + " " + entry.app().vault.mac("forward", text).value() + "\r\n";
  }

  Node owner{"owner"};
  Node entry{"entry"};
  http::TestClient client{entry.port()};
};

TEST_F(ForwardingTest, TheOwnerSeesTheRequestAsTheClientSentIt) {
  const std::string sent = request("POST /seen?a=%20b&c",
                                   "Content-Type: application/json\r\nX-Request-Id: mine-1\r\nOrigin: https://page\r\n"
                                   "Idempotency-Key: k\r\nExpect: 100-continue\r\nTE: trailers\r\nKeep-Alive: x\r\n"
                                   "X-Hop: secret\r\nConnection: keep-alive, x-hop\r\nProxy-Connection: y\r\n",
                                   R"({"x":1})");
  auto answer = client.ask(sent);
  if (answer && answer->status == 100) answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->header("X-Request-Id"), "mine-1");
  EXPECT_EQ(answer->headers.count("Date"), 1u);
  EXPECT_THAT(answer->body, ::testing::StartsWith("POST /seen?a=%20b&c\nid mine-1\nfrom 127.0.0.1\n"));
  for (const char* kept : {"Host: router.test\n", "Origin: https://page\n", "Idempotency-Key: k\n",
                           "Content-Type: application/json\n", "Authorization: Bearer obs_", "\n\n{\"x\":1}"})
    EXPECT_THAT(answer->body, HasSubstr(kept));
  for (const char* gone : {"Expect:", "TE:", "Keep-Alive:", "X-Hop:", "Connection:", "Forwarded"})
    EXPECT_THAT(answer->body, Not(HasSubstr(gone)));
}

TEST_F(ForwardingTest, AConnectionCarriesManyAnswersOfEveryKind) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(client.ask(request("GET /empty"))->status, 204);
    EXPECT_THAT(client.ask(request("GET /seen/" + std::to_string(round)))->body, HasSubstr("GET /seen/"));
    const auto head = client.ask(request("HEAD /download"), true);
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->header("Content-Length"), std::to_string(fifty_megabytes));
    EXPECT_EQ(client.ask(request("GET /events"))->body.size(), 200'000u);
    EXPECT_EQ(client.ask(request("POST /seen"))->status, 201);
    EXPECT_EQ(client.ask(request("GET /cookies"))->headers.count("Set-Cookie"), 2u);
  }
}

TEST_F(ForwardingTest, StreamsBothWaysWithoutHoldingWhatItPassesOn) {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const std::string piece(64 * 1024, 'x');
  const auto send_body = [&](bool chunked) {
    for (std::uint64_t sent = 0; sent < fifty_megabytes;) {
      const std::size_t size = std::min<std::uint64_t>(piece.size(), fifty_megabytes - sent);
      char head[32];
      std::snprintf(head, sizeof head, "%zx\r\n", size);
      ASSERT_TRUE(client.send((chunked ? head : "") + piece.substr(0, size) + (chunked ? "\r\n" : "")));
      sent += size;
    }
    if (chunked) client.send("0\r\n\r\n");
  };
  client.send(request("POST /upload", "Content-Length: " + std::to_string(fifty_megabytes) + "\r\n"));
  send_body(false);
  EXPECT_EQ(client.read()->body, std::to_string(fifty_megabytes));
  client.send(request("POST /upload", "Transfer-Encoding: chunked\r\n"));
  send_body(true);
  EXPECT_EQ(client.read()->body, std::to_string(fifty_megabytes));

  client.send(request("GET /download"));
  EXPECT_THAT(client.read_head().value_or(""), HasSubstr("Content-Length: 50000000\r\n"));
  EXPECT_EQ(client.discard(fifty_megabytes), fifty_megabytes);
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LE(owner.largest_piece, 64u * 1024);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what was freed for a while
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 20'000);             // KiB
#endif
}

TEST_F(ForwardingTest, ARefusalInTheMiddleOfABodyArrives) {
  client.send(request("POST /refuse", "Content-Length: " + std::to_string(fifty_megabytes) + "\r\n"));
  std::thread sender([&] {
    const std::string piece(64 * 1024, 'x');
    for (std::uint64_t sent = 0; sent < fifty_megabytes && client.send(piece); sent += piece.size()) {
    }
  });
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 402);
  EXPECT_EQ(answer->header("Content-Type"), "application/problem+json");
  EXPECT_THAT(answer->body, HasSubstr("insufficient_credits"));
  client.half_close();
  sender.join();
}

TEST_F(ForwardingTest, AnEventArrivesWhileTheStreamGoesOnAndTheStreamEndsWithItsClient) {
  http::TestClient watcher(entry.port());
  watcher.send(request("GET /watch"));
  EXPECT_THAT(watcher.read_head().value_or(""), HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_GE(watcher.discard(10), 10u);
  EXPECT_EQ(owner.running, 1);
  watcher.close();
  run_until([&] { return owner.running == 0; });

  client.send(request("GET /watch"));
  ASSERT_TRUE(client.read_head());
  owner.stop();  // the client is to look for another
  client.discard(~0ull);
  EXPECT_TRUE(client.ended());
}

// The connection ends, so that the client does not take a part for the whole.
TEST_F(ForwardingTest, AnOwnerThatDiesInTheMiddleOfItsAnswerEndsTheConnection) {
  client.send(request("GET /dies"));
  EXPECT_THAT(client.read_head().value_or(""), HasSubstr("Content-Length: 300000\r\n"));
  EXPECT_LT(client.read_to_end().size(), 300'000u);
}

TEST_F(ForwardingTest, AnOwnerThatDiesBeforeItAnswersLeavesTheOutcomeOpen) {
  client.send(request("POST /wait", "Idempotency-Key: k\r\nX-Request-Id: mine-2\r\n"));
  run_until([&] { return owner.running == 1; });
  owner.stop();
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("Retry-After"), "1");
  EXPECT_EQ(answer->header("Content-Type"), "application/problem+json");
  EXPECT_THAT(answer->body, HasSubstr("is not known: with an Idempotency-Key"));
  EXPECT_THAT(answer->body, HasSubstr(R"("request_id":"mine-2")"));
}

TEST_F(ForwardingTest, AnOwnerThatIsNotThereHasDoneNothing) {
  EXPECT_EQ(client.ask(request("GET /empty"))->status, 204);  // leaves a connection for the next request
  owner.stop();
  for (const char* line : {"GET /empty", "POST /seen"}) {
    const auto answer = client.ask(request(line));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->header("Retry-After"), "1");
    EXPECT_THAT(answer->body, HasSubstr("Nothing was done"));
    EXPECT_THAT(answer->body, HasSubstr(R"("code":"unavailable")"));
  }
}

TEST_F(ForwardingTest, ANodeThatIsStoppedDropsWhatItWaitsFor) {
  client.send(request("POST /wait"));
  run_until([&] { return owner.running == 1; });
  entry.stop();  // returns: nothing of it waits any more
  owner.stop();
  EXPECT_EQ(owner.running, 0);
}

TEST_F(ForwardingTest, ARequestIsHandedOnOnce) {
  owner.forward_to(entry);  // each believes that the other is the owner
  const auto answer = client.ask(request("POST /seen"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("Retry-After"), "1");
  EXPECT_THAT(answer->body, HasSubstr("moving from one node to another"));

  owner.now += 3600;  // also where the clocks differ
  EXPECT_THAT(client.ask(request("POST /seen"))->body, HasSubstr("moving from one node to another"));
}

// If this failed, a dispute told to any node but one would be lost.
TEST_F(ForwardingTest, AHandlerThatFindsTheOwnerLateAsksItOnce) {
  const std::string sent = request("POST /lookup", "Stripe-Signature: t=1,v1=2\r\n", R"({"x":1})");
  const auto answer = client.ask(sent);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  for (const char* kept : {"from 127.0.0.1\n", "Stripe-Signature: t=1,v1=2\n", "\n\n{\"x\":1}"})
    EXPECT_THAT(answer->body, HasSubstr(kept));
  EXPECT_THAT(answer->body, Not(HasSubstr("Forwarded")));

  owner.forward_to(entry);
  const auto refused = client.ask(sent);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_THAT(refused->body, HasSubstr("moving from one node to another"));
}

TEST_F(ForwardingTest, TheClientsAddressIsBelievedFromOurNodesOnly) {
  const std::int64_t now = owner.now;
  const auto address_seen = [&](const std::string& fields, const std::string& line = "GET /seen/1") {
    const http::TestAnswer answer = ask(owner, request(line, fields));
    EXPECT_THAT(answer.body, Not(HasSubstr("Forwarded")));
    const std::size_t from = answer.body.find("\nfrom ") + 6;
    return answer.body.substr(from, answer.body.find('\n', from) - from);
  };
  const std::string line = "GET /seen/1";
  EXPECT_EQ(address_seen(header(line, "203.0.113.7", now)), "203.0.113.7");
  EXPECT_EQ(address_seen(header(line, "2001:db8::1", now - 60)), "2001:db8::1");

  const std::string good = header(line, "203.0.113.7", now);
  std::string other_address = good;
  other_address.replace(other_address.find("113.7"), 5, "113.8");
  std::string cut = good.substr(0, good.size() - 3) + "\r\n";
  for (const std::string& forged : {other_address, cut, good + good, std::string("X-BatchRouter-Forwarded: x\r\n"),
                                    std::string("X-BatchRouter-Forwarded:\r\n"), header(line, "203.0.113.7", now - 61),
                                    header(line, "203.0.113.7", now + 61), header("GET /seen/2", "203.0.113.7", now)})
    EXPECT_EQ(address_seen(forged), "127.0.0.1") << forged;

  // At the first node a client's own header is worth nothing, and goes no further.
  const auto answer = client.ask(request(line, "X-BatchRouter-Forwarded: other 203.0.113.7 1 abc\r\n"));
  EXPECT_THAT(answer->body, HasSubstr("from 127.0.0.1\n"));
}

TEST_F(ForwardingTest, WhatNamesNoOrgIsAnsweredHere) {
  owner.stop();
  const auto answer = client.ask("GET /seen/1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer nonsense\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

}  // namespace
}  // namespace api
