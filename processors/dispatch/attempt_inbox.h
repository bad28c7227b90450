// Where a lane's answers meet the coroutine that records them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/lane.h"

namespace processors {

struct Handle {
  std::string text;
  std::function<void()> durable;
};

// Threading: the lane calls from any thread; the rest runs on `strand`, which is not shared with blocking work of
// others.
class AttemptInbox final : public AttemptObserver, public std::enable_shared_from_this<AttemptInbox> {
 public:
  explicit AttemptInbox(boost::asio::any_io_executor strand) : strand_(strand), wake_(strand) {}

  void on_handle(std::string handle, std::function<void()> durable) override {
    boost::asio::post(strand_,
                      [self = shared_from_this(), handle = Handle{std::move(handle), std::move(durable)}]() mutable {
                        self->handle_ = std::move(handle);
                        self->wake_.cancel();
                      });
  }
  void on_answer(LaneAnswer answer) override {
    boost::asio::post(strand_, [self = shared_from_this(), answer = std::move(answer)]() mutable {
      self->answers_.push_back(std::move(answer));
      if (self->answers_.size() >= wake_at) self->wake_.cancel();
    });
  }
  void on_end(AttemptEnd end) override {
    boost::asio::post(strand_, [self = shared_from_this(), end = std::move(end)]() mutable {
      self->end_ = std::move(end);
      self->wake_.cancel();
    });
  }

  // Until there is much to do, the attempt ended, or `at_most` has passed.
  boost::asio::awaitable<void> wait(std::chrono::milliseconds at_most) {
    if (end_ || handle_ || answers_.size() >= wake_at) co_return;
    wake_.expires_after(at_most);
    co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  std::vector<LaneAnswer> take_answers() { return std::exchange(answers_, {}); }
  std::optional<Handle> take_handle() { return std::exchange(handle_, std::nullopt); }
  const std::optional<AttemptEnd>& end() const { return end_; }

 private:
  static constexpr std::size_t wake_at = 64;

  boost::asio::any_io_executor strand_;
  boost::asio::steady_timer wake_;
  std::vector<LaneAnswer> answers_;
  std::optional<Handle> handle_;
  std::optional<AttemptEnd> end_;
};

}  // namespace processors
