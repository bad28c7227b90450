// A server with handlers for tests, on two threads and a port picked by the kernel.
#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/http/problem.h"
#include "api/http/server.h"

namespace api::http {

// Gives `total` bytes, or fails after `fail_after` of them.
class TestSource final : public BodySource {
 public:
  TestSource(std::uint64_t total, std::optional<std::uint64_t> announced, std::uint64_t fail_after = ~0ull)
      : total_(total), announced_(announced), fail_after_(fail_after) {}
  std::optional<std::uint64_t> length() const override { return announced_; }
  awaitable<core::Result<std::string>> next(std::size_t bytes_max) override {
    if (given_ >= fail_after_) co_return core::Error{core::ErrorCode::storage_failed, "disk on fire"};
    const std::uint64_t bytes = std::min({total_ - given_, std::uint64_t{bytes_max}, fail_after_ - given_});
    given_ += bytes;
    co_return std::string(static_cast<std::size_t>(bytes), 'x');
  }

 private:
  const std::uint64_t total_;
  const std::optional<std::uint64_t> announced_;
  const std::uint64_t fail_after_;
  std::uint64_t given_ = 0;
};

// Gives one event and then nothing more.
class TestEvents final : public BodySource {
 public:
  explicit TestEvents(std::atomic<int>& running) : running_(running) { ++running_; }
  TestEvents(const TestEvents&) = delete;
  TestEvents& operator=(const TestEvents&) = delete;
  ~TestEvents() override { --running_; }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  awaitable<core::Result<std::string>> next(std::size_t) override {
    if (!std::exchange(begun_, true)) co_return std::string("data: 1\n\n");
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::minutes(10));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return std::string();
  }

 private:
  std::atomic<int>& running_;
  bool begun_ = false;
};

class TestServer {
 public:
  explicit TestServer(Settings settings = {})
      : server_(context_.get_executor(), std::move(settings), make_router(), make_hooks()) {
    if (!server_.start()) throw std::runtime_error("cannot listen");
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { context_.run(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    stop(std::chrono::milliseconds(0));
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint16_t port() const { return server_.port(); }
  Server& server() { return server_; }
  boost::asio::io_context& context() { return context_; }
  void stop(Settings::Duration deadline) { stop_later(deadline).get(); }
  std::future<void> stop_later(Settings::Duration deadline) {
    return boost::asio::co_spawn(context_, server_.stop(deadline), boost::asio::use_future);
  }

  std::vector<std::string> finished() {  // "GET /hello 200"
    const std::lock_guard lock(mutex_);
    return finished_;
  }
  std::atomic<int> handlers_failed{0};
  std::atomic<int> handlers_running{0};
  std::atomic<std::size_t> largest_piece{0};

 private:
  struct Running {
    explicit Running(std::atomic<int>& running_count) : count(running_count) { ++count; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { --count; }
    std::atomic<int>& count;
  };

  static awaitable<Response> answer(Response response) { co_return response; }

  awaitable<Response> wait(std::chrono::milliseconds time) {
    const Running running(handlers_running);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return text(200, "waited");
  }

  awaitable<Response> count_body(Request& request) {
    const Running running(handlers_running);
    std::uint64_t bytes = 0;
    for (;;) {
      core::Result<std::string> piece = co_await request.body_stream->read(64 * 1024);
      if (!piece) co_return problem(piece.error(), request);
      if (piece->empty()) break;
      if (piece->size() > largest_piece) largest_piece = piece->size();
      bytes += piece->size();
    }
    co_return text(200, std::to_string(bytes));
  }

  static awaitable<Response> fail(Request&) {
    throw std::runtime_error("secret");
    co_return text(200, "");
  }

  static Response download(std::uint64_t total, std::optional<std::uint64_t> announced,
                           std::uint64_t fail_after = ~0ull) {
    return streamed(200, "application/octet-stream", std::make_unique<TestSource>(total, announced, fail_after));
  }

  Router make_router() {
    Router router;
    const auto small = [](std::uint64_t limit) {
      RouteOptions options;
      options.body = Body::small;
      options.body_bytes_max = limit;
      return options;
    };
    RouteOptions stream = small(fifty_megabytes);
    stream.body = Body::stream;

    router.add(Method::get, "/hello", [](Request&) { return answer(text(200, "hello")); });
    router.add(Method::get, "/empty", [](Request&) { return answer(no_content()); });
    router.add(Method::get, "/items/{id}", [](Request& r) { return answer(text(200, r.path_parameter("id"))); });
    router.add(Method::get, "/address", [](Request& r) { return answer(text(200, r.remote_address)); });
    router.add(Method::get, "/query", [](Request& r) { return answer(text(200, r.query("q").value_or("none"))); });
    router.add(
        Method::post, "/echo", [](Request& r) { return answer(text(200, r.body)); }, small(1024 * 1024));
    router.add(
        Method::post, "/tiny", [](Request& r) { return answer(text(200, r.body)); }, small(10));
    router.add(Method::post, "/ignore", [](Request&) { return answer(text(200, "ignored")); });
    router.add(
        Method::post, "/count", [this](Request& r) { return count_body(r); }, stream);
    router.add(
        Method::post, "/reject",
        [](Request& r) {
          return answer(problem(core::Error{core::ErrorCode::insufficient_credits, "no money"}, r));
        },
        stream);
    router.add(Method::get, "/download", [](Request&) { return answer(download(fifty_megabytes, fifty_megabytes)); });
    router.add(Method::get, "/events", [](Request&) { return answer(download(200'000, std::nullopt)); });
    router.add(Method::get, "/event-stream", [this](Request&) {
      return answer(streamed(200, "text/event-stream", std::make_unique<TestEvents>(handlers_running)));
    });
    router.add(Method::get, "/fails-at-once", [](Request&) { return answer(download(100, 100, 0)); });
    router.add(Method::get, "/fails-later", [](Request&) { return answer(download(100'000, 100'000, 70'000)); });
    router.add(Method::get, "/too-long", [](Request&) { return answer(download(200, 100)); });
    router.add(Method::get, "/too-short", [](Request&) { return answer(download(100, 200)); });
    router.add(Method::get, "/throws", [](Request& r) { return fail(r); });
    router.add(Method::get, "/wait", [this](Request&) { return wait(std::chrono::milliseconds(300)); });
    router.add(Method::get, "/wait-long", [this](Request&) { return wait(std::chrono::minutes(10)); });
    router.add(Method::get, "/large", [](Request&) { return answer(text(200, std::string(1'000'000, 'y'))); });
    router.add(Method::get, "/evil-header", [](Request& r) {
      Response response = text(200, "");
      response.headers.set("X-Name", r.query("q").value_or("") + "\r\nSet-Cookie: a=b");
      return answer(std::move(response));
    });
    return router;
  }

  Hooks make_hooks() {
    Hooks hooks;
    hooks.request_finished = [this](const Request& request, int status, Settings::Duration, std::uint64_t) {
      const std::lock_guard lock(mutex_);
      finished_.push_back(std::string(to_string(request.method)) + " " + request.path + " " + std::to_string(status));
    };
    hooks.handler_failed = [this](const Request&, std::string_view) { ++handlers_failed; };
    return hooks;
  }

  static constexpr std::uint64_t fifty_megabytes = 50'000'000;

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = make_work_guard(context_);
  std::mutex mutex_;
  std::vector<std::string> finished_;
  Server server_;
  std::vector<std::thread> threads_;
};

}  // namespace api::http
