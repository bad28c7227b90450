// Broken if it fails: a handler resumes on the wrong thread, twice, or never.
#include "api/http/coroutines.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <stdexcept>
#include <string>
#include <thread>

namespace api::http {
namespace {

using Callback = std::function<void(core::Result<std::string>)>;

struct Threads {
  std::thread::id before;
  std::thread::id inside;
  std::thread::id after;
};

class CoroutinesTest : public testing::Test {
 protected:
  template <class T>
  T run(awaitable<T> coroutine) {
    auto future = boost::asio::co_spawn(context, std::move(coroutine), boost::asio::use_future);
    context.restart();
    context.run();
    return future.get();
  }

  boost::asio::io_context context;
  boost::asio::thread_pool pool{2};
};

awaitable<Threads> visit(boost::asio::any_io_executor pool) {
  Threads threads;
  threads.before = std::this_thread::get_id();
  const std::string text(100, 'x');
  const auto work = [text] {
    EXPECT_EQ(text.size(), 100u);
    return std::this_thread::get_id();
  };
  threads.inside = co_await run_on(pool, work);
  threads.after = std::this_thread::get_id();
  co_return threads;
}

awaitable<std::string> catches(boost::asio::any_io_executor pool) {
  try {
    co_await run_on(pool, [] { throw std::runtime_error("from the pool"); });
  } catch (const std::exception& exception) {
    co_return exception.what();
  }
  co_return "nothing thrown";
}

awaitable<core::Result<std::string>> await_callback(std::function<void(Callback)> start) {
  core::Result<std::string> result = co_await async_result<std::string>(std::move(start));
  co_return result;
}

awaitable<void> cancel_later(std::shared_ptr<boost::asio::cancellation_signal> signal) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(20));
  co_await timer.async_wait(boost::asio::use_awaitable);
  signal->emit(boost::asio::cancellation_type::terminal);
}

TEST_F(CoroutinesTest, RunsOnThePoolAndComesBack) {
  const Threads threads = run(visit(pool.get_executor()));
  EXPECT_EQ(threads.before, std::this_thread::get_id());
  EXPECT_NE(threads.inside, threads.before);
  EXPECT_EQ(threads.after, threads.before);
}

TEST_F(CoroutinesTest, CarriesExceptionsBack) {
  EXPECT_EQ(run(catches(pool.get_executor())), "from the pool");
}

TEST_F(CoroutinesTest, AwaitsACallbackFromAnyThread) {
  const auto at_once = [](Callback done) { done(std::string("at once")); };
  EXPECT_EQ(*run(await_callback(at_once)), "at once");
  const auto later = [this](Callback done) { boost::asio::post(pool, [done] { done(std::string("later")); }); };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*run(await_callback(later)), "later");
  const auto refused = [](Callback done) { done(core::Error{core::ErrorCode::fenced, ""}); };
  EXPECT_EQ(run(await_callback(refused)).error().code, core::ErrorCode::fenced);
}

TEST_F(CoroutinesTest, ADroppedCallbackIsAnAnswer) {
  EXPECT_EQ(run(await_callback([](Callback) {})).error().code, core::ErrorCode::unavailable);
  const auto dropped_elsewhere = [this](Callback done) { boost::asio::post(pool, [done] {}); };
  EXPECT_EQ(run(await_callback(dropped_elsewhere)).error().code, core::ErrorCode::unavailable);
}

TEST_F(CoroutinesTest, ACancelledWaitEndsAndItsCallbackIsHarmless) {
  Callback kept;
  const auto signal = std::make_shared<boost::asio::cancellation_signal>();
  bool ended = false;
  boost::asio::co_spawn(context, await_callback([&kept](Callback done) { kept = std::move(done); }),
                        boost::asio::bind_cancellation_slot(
                            signal->slot(), [&ended](const std::exception_ptr&, core::Result<std::string> result) {
                              ended = true;
                              EXPECT_EQ(result.error().code, core::ErrorCode::unavailable);
                            }));
  run(cancel_later(signal));
  EXPECT_TRUE(ended);
  kept(std::string("too late"));
  kept = nullptr;
  context.restart();
  context.run();
}

}  // namespace
}  // namespace api::http
