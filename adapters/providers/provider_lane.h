// Lanes to real providers, over their own HTTP APIs.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "adapters/http_client/http_client.h"
#include "adapters/providers/settings.h"
#include "core/time.h"
#include "processors/ports/lane.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::providers {

// One provider under one key. Synchronous attempts ask item by item (sync_run.cc), batch attempts make a batch of the
// provider's, or take up the one that an earlier run has left (batch_run.cc).
//
// Guarantees: no attempt makes a second provider batch as long as the first may exist; answers under ids that were
// mixed up are never reported; no item is at fault for our account; neither key, prompt nor answer is logged.
// Threading: any thread; runs on the executor, an observer is called by one thread at a time, never from within
// start(), cancel() or leave(). Lifetime: the destructor leaves all attempts and waits for their ends, so the executor
// must still be running then, on a thread other than the one that destroys; the HTTP client must outlive the lane, and
// be stopped before what `log` and `metrics` refer to is gone.
class ProviderLane final : public processors::Lane {
 public:
  struct Environment {
    boost::asio::any_io_executor executor;
    http_client::HttpClient& http;
    processors::Log& log;
    processors::Metrics& metrics;
    std::function<core::Timestamp()> now;
    // Whether some attempt already has this provider batch as its own, durably.
    std::function<bool(const std::string& handle)> is_known_handle;
  };

  ProviderLane(Environment environment, ProviderSettings settings);
  ~ProviderLane() override;

  bool serves(const core::ProviderId& provider, core::Mode mode) const override;
  std::size_t attempts_max() const override;
  void start(processors::Attempt attempt, std::shared_ptr<processors::AttemptObserver> observer) override;
  void cancel(const core::BatchId& batch) override;
  void leave(const core::BatchId& batch, core::UnitIndex unit) override;
  void leave_all() override;

 private:
  const std::shared_ptr<struct LaneContext>
      lane_;  // shared with the runs, the last of which may outlive it by a return
};

}  // namespace adapters::providers
