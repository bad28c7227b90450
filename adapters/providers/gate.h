// Where the synchronous calls of all attempts wait for their turn at one model of a provider.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/providers/rate_governor.h"
#include "core/ids.h"
#include "core/time.h"
#include "processors/dispatch/fair_queue.h"

namespace adapters::providers {

// Orgs take turns, so that a large attempt does not starve a small one.
//
// Threading: any thread. `admitted` is called from within whatever call made room, or from the timer: it must only
// post.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  using Admitted = std::function<void(std::uint64_t call)>;

  Gate(boost::asio::any_io_executor executor, std::size_t concurrency_max, std::function<core::Timestamp()> now);

  // Every admitted call is given back by leave(), once.
  void enter(const core::OrgId& org, Admitted admitted);
  void leave(std::uint64_t call, CallOutcome outcome, std::optional<std::chrono::milliseconds> pause);
  std::chrono::milliseconds kept_back() const;
  // Nobody is admitted any more, and the executor is let go.
  void close();

 private:
  void admit();

  const std::function<core::Timestamp()> now_;
  mutable std::mutex mutex_;
  RateGovernor governor_;
  processors::FairQueue<core::OrgId, Admitted> waiting_;
  std::optional<boost::asio::steady_timer> timer_;  // runs while there is a pause and somebody waits; none once closed
  bool timing_ = false;
};

// The gates of a provider, one for each of its models. Threading: any thread.
class Gates {
 public:
  Gates(boost::asio::any_io_executor executor, std::size_t concurrency_max, std::function<core::Timestamp()> now);

  std::shared_ptr<Gate> of(const std::string& model);
  void close();

 private:
  const boost::asio::any_io_executor executor_;
  const std::size_t concurrency_max_;
  const std::function<core::Timestamp()> now_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Gate>> gates_;
};

}  // namespace adapters::providers
