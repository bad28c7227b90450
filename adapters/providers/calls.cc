#include "adapters/providers/calls.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace adapters::providers {

Calls::Calls(http_client::HttpClient& http, boost::asio::any_io_executor strand)
    : http_(http), strand_(std::move(strand)) {}

void Calls::send(http_client::HttpRequest request, Done done) {
  http_.send(std::move(request), [self = shared_from_this(), done = std::move(done)](auto response) {
    self->post([done, response = std::move(response)]() mutable { done(std::move(response)); });
  });
}

bool Calls::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return false;
  boost::asio::post(strand_, std::move(work));
  return true;
}

void Calls::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  strand_ = {};
}

}  // namespace adapters::providers
