// The provider as a batch run sees it: calls that are waited for, and waits that a stop ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/providers/calls.h"
#include "adapters/providers/run.h"
#include "adapters/providers/sorting.h"

namespace adapters::providers {

// A call's answer: the body of a 2xx, or what stood in the way.
struct Reply {
  bool good = false;
  int status = 0;  // 0: no answer
  std::string body;
  Sorted trouble;  // also of a good one, should its body turn out to be unreadable
};

using MaybeEnd = std::optional<processors::AttemptEnd>;  // none: go on

processors::AttemptEnd failure(std::string reason, processors::Trouble trouble,
                               std::optional<std::chrono::milliseconds> retry_after = {});
processors::AttemptEnd failure(const Reply& reply);

// Threading: post() from any thread, the rest on the strand, where one coroutine at a time waits.
class BatchChannel : public std::enable_shared_from_this<BatchChannel> {
 public:
  using Clock = std::chrono::steady_clock;

  explicit BatchChannel(std::shared_ptr<LaneContext> lane);

  const boost::asio::strand<boost::asio::any_io_executor>& strand() const { return strand_; }
  // False when it will not be called.
  bool post(std::function<void()> work) { return calls_->post(std::move(work)); }
  // Nothing comes to the strand any more.
  void close() { calls_->abandon(); }

  void cancel();
  void leave();
  void wake() { wake_.cancel(); }
  bool cancelled() const { return cancelled_; }
  bool left() const { return left_; }
  processors::AttemptEnd stopped() const { return {processors::LaneEnd::stopped, left_ ? "left" : "cancelled"}; }

  // No answer when it was left meanwhile.
  boost::asio::awaitable<Reply> call(http_client::HttpRequest request);
  // Until then, or until somebody wakes it.
  boost::asio::awaitable<void> wait_until(Clock::time_point time);
  boost::asio::awaitable<void> sleep(std::chrono::milliseconds time);  // until left or cancelled
  boost::asio::awaitable<void> sleep_through_cancel(std::chrono::milliseconds time);

 private:
  const std::shared_ptr<LaneContext> lane_;
  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer wake_;
  const std::shared_ptr<Calls> calls_;
  bool cancelled_ = false;
  bool left_ = false;
};

}  // namespace adapters::providers
