// What the attempts of a lane have in common, and what they share.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/http_client/http_client.h"
#include "adapters/providers/gate.h"
#include "adapters/providers/settings.h"
#include "adapters/providers/wire.h"
#include "core/time.h"
#include "processors/ports/lane.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::providers {

// One attempt. Threading: any thread, nothing is done within the call.
class Run {
 public:
  virtual ~Run() = default;
  virtual void start() = 0;
  virtual void cancel() = 0;
  virtual void leave() = 0;
  virtual const processors::Attempt& attempt() const = 0;
};

// The attempts that have not ended.
class Runs {
 public:
  void add(std::shared_ptr<Run> run);
  void remove(const Run& run);
  std::vector<std::shared_ptr<Run>> all() const;
  void wait_until_none_left();

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_left_;
  std::vector<std::shared_ptr<Run>> runs_;
};

// One run at a time holds it; the others wait in the order in which they came.
class Turn {
 public:
  // `taken` is called once it is theirs, from within take() or another's give_back(): it must only post, and say
  // whether it will be made use of.
  void take(std::function<bool()> taken);
  void give_back();

 private:
  std::mutex mutex_;
  bool held_ = false;
  std::deque<std::function<bool()>> waiting_;
};

// Threading: any thread.
struct LaneContext {
  const ProviderSettings settings;
  const std::unique_ptr<const Wire> wire;
  const boost::asio::any_io_executor executor;
  http_client::HttpClient& http;
  processors::Log& log;
  processors::Metrics& metrics;
  const std::function<core::Timestamp()> now;
  const std::function<bool(const std::string& handle)> is_known_handle;

  Runs runs;
  Turn creation;
  Gates gates;

  void count_request(const core::Result<http_client::HttpResponse>& response) const;
};

std::shared_ptr<Run> make_sync_run(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
                                   std::shared_ptr<processors::AttemptObserver> observer);
std::shared_ptr<Run> make_batch_run(std::shared_ptr<LaneContext> lane, processors::Attempt attempt,
                                    std::shared_ptr<processors::AttemptObserver> observer);

// 0.75 to 1 of first, doubled `tries` times, at most a minute.
std::chrono::milliseconds backoff(std::chrono::milliseconds first, std::uint32_t tries);

// Rounded up.
std::optional<std::chrono::seconds> in_seconds(std::optional<std::chrono::milliseconds> wait);

}  // namespace adapters::providers
