// HTTP calls of one run, their answers brought to its strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "adapters/http_client/http_client.h"

namespace adapters::providers {

// Once abandoned, nothing reaches the strand any more, so that the run, and the executor with it, need not outlive
// calls that are under way.
//
// Threading: any thread.
class Calls : public std::enable_shared_from_this<Calls> {
 public:
  using Done = std::function<void(core::Result<http_client::HttpResponse>)>;

  Calls(http_client::HttpClient& http, boost::asio::any_io_executor strand);

  void send(http_client::HttpRequest request, Done done);
  // False when it will not be called.
  bool post(std::function<void()> work);
  void abandon();

 private:
  http_client::HttpClient& http_;
  std::mutex mutex_;
  boost::asio::any_io_executor strand_;
  bool abandoned_ = false;
};

}  // namespace adapters::providers
