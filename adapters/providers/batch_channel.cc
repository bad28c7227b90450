#include "adapters/providers/batch_channel.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace adapters::providers {

namespace asio = boost::asio;
using asio::awaitable;
using http_client::HttpRequest;
using http_client::HttpResponse;
using processors::AttemptEnd;
using processors::Trouble;
using std::chrono::milliseconds;

AttemptEnd failure(std::string reason, Trouble trouble, std::optional<milliseconds> retry_after) {
  return {processors::LaneEnd::failed, std::move(reason), trouble, in_seconds(retry_after)};
}

AttemptEnd failure(const Reply& reply) {
  const Trouble trouble = reply.trouble.trouble == Trouble::none ? Trouble::down : reply.trouble.trouble;
  return failure(reply.trouble.error_code, trouble, reply.trouble.retry_after);
}

BatchChannel::BatchChannel(std::shared_ptr<LaneContext> lane)
    : lane_(std::move(lane)),
      strand_(asio::make_strand(lane_->executor)),
      wake_(strand_),
      calls_(std::make_shared<Calls>(lane_->http, strand_)) {}

void BatchChannel::cancel() {
  cancelled_ = true;
  wake();
}

void BatchChannel::leave() {
  left_ = true;
  wake();
}

awaitable<Reply> BatchChannel::call(HttpRequest request) {
  const auto slot = std::make_shared<std::optional<core::Result<HttpResponse>>>();
  calls_->send(std::move(request), [weak = weak_from_this(), slot](auto response) {
    *slot = std::move(response);
    if (const std::shared_ptr<BatchChannel> self = weak.lock()) self->wake();
  });
  while (!*slot && !left_) co_await wait_until(Clock::time_point::max());
  Reply reply;
  if (!*slot) co_return reply;
  core::Result<HttpResponse>& response = **slot;
  lane_->count_request(response);
  if (response.has_error()) {
    reply.trouble = sort_failure(response.error());
    co_return reply;
  }
  reply.status = response->status;
  reply.good = reply.status >= 200 && reply.status < 300;
  if (reply.good)
    reply.trouble = sort_fault(200, {std::string(schemas::dialect::malformed_answer), {}, {}});
  else
    reply.trouble = sort_response(reply.status, response->headers, response->body, lane_->now());
  reply.body = std::move(response->body);
  co_return reply;
}

awaitable<void> BatchChannel::wait_until(Clock::time_point time) {
  wake_.expires_at(time);
  co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
}

awaitable<void> BatchChannel::sleep(milliseconds time) {
  const auto until = Clock::now() + time;
  while (!left_ && !cancelled_ && Clock::now() < until) co_await wait_until(until);
}

awaitable<void> BatchChannel::sleep_through_cancel(milliseconds time) {
  const auto until = Clock::now() + time;
  while (!left_ && Clock::now() < until) co_await wait_until(until);
}

}  // namespace adapters::providers
