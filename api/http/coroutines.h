// From a coroutine to what is not one, and back.
//
// With g++ 12 name a lambda that captures before passing it: a temporary of it inside a co_await expression may be
// destroyed twice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "api/http/awaitable.h"
#include "core/result.h"

namespace api::http {

namespace detail {

template <class Work>
awaitable<std::invoke_result_t<Work&>> call(Work work) {
  co_return work();
}

// Where a callback's answer meets the coroutine that waits for it. Touched on `executor` only.
template <class T>
struct Meeting {
  explicit Meeting(boost::asio::any_io_executor executor_of_waiter)
      : executor(std::move(executor_of_waiter)), timer(executor, boost::asio::steady_timer::time_point::max()) {}

  boost::asio::any_io_executor executor;
  boost::asio::steady_timer timer;  // never expires: cancelled by the answer, or with the coroutine
  std::optional<core::Result<T>> answer;
};

// Shared by all copies of a callback; the last one to go answers for a callback that was dropped.
template <class T>
class Promise {
 public:
  explicit Promise(std::shared_ptr<Meeting<T>> meeting) : meeting_(std::move(meeting)) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() { fulfil(core::Error{core::ErrorCode::unavailable, "The service is stopping. Send the request again."}); }

  void fulfil(core::Result<T> answer) {
    auto meeting = std::exchange(meeting_, nullptr);
    if (!meeting) return;
    auto executor = meeting->executor;
    boost::asio::post(executor, [meeting = std::move(meeting), answer = std::move(answer)]() mutable {
      meeting->answer.emplace(std::move(answer));
      meeting->timer.cancel();
    });
  }

 private:
  std::shared_ptr<Meeting<T>> meeting_;
};

}  // namespace detail

// Runs a function that blocks on `pool` and comes back with what it returned or threw. Cannot be cancelled: what `work`
// refers to stays alive until it is done.
template <class Work>
awaitable<std::invoke_result_t<Work&>> run_on(boost::asio::any_io_executor pool, Work work) {
  // On a strand of its own, a cancellation reaches the finished work, not the running one.
  const boost::asio::any_io_executor strand = boost::asio::make_strand(pool);
  co_return co_await boost::asio::co_spawn(strand, detail::call<Work>(std::move(work)), boost::asio::use_awaitable);
}

// Awaits an API that answers through a callback: `start` is called at once with it, and it may be called (once) from
// any thread. A callback that is dropped without a call, or a coroutine that is cancelled, gives `unavailable`.
// Requires: the coroutine runs on a strand, or on a context that one thread runs, and that context outlives the
// callback.
template <class T>
awaitable<core::Result<T>> async_result(std::function<void(std::function<void(core::Result<T>)>)> start) {
  auto meeting = std::make_shared<detail::Meeting<T>>(co_await boost::asio::this_coro::executor);
  {
    auto promise = std::make_shared<detail::Promise<T>>(meeting);
    start([promise](core::Result<T> answer) { promise->fulfil(std::move(answer)); });
  }
  start = nullptr;
  co_await meeting->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (meeting->answer) co_return std::move(*meeting->answer);
  co_return core::Error{core::ErrorCode::unavailable, "The request was cut off before its outcome was known."};
}

}  // namespace api::http
