// The provider that needs no key and no network: for first runs, demonstrations, tests and load.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "processors/ports/lane.h"

namespace adapters::simulated {

// Requires concurrency of at least 1 and latency_min <= latency_max.
struct Settings {
  // Of one try of one item, chosen between the two by the item's hash.
  std::chrono::microseconds latency_min{0};
  std::chrono::microseconds latency_max{20'000};
  std::size_t concurrency = 64;  // items of one attempt that are asked at once
  std::size_t attempts_max = 8;
  // Shares of tries (of items, for item faults) that fail, 0 to 1.
  double transient_rate = 0;
  double item_fault_rate = 0;
  double lane_fault_rate = 0;
  std::uint64_t seed = 0;  // of latencies and faults; answers do not depend on it
};

// Serves provider "simulated" in both modes.
//
// Answers are a function of model and input. Which tries fail is a function of input, seed and the number of the try,
// so that an item that failed is not bound to fail again. A transient fault is retried twice within the attempt; a lane
// fault ends the attempt as failed. In batch mode a handle is reported first and nothing is asked until it is durable.
//
// Threading: runs on the executor with timers; an attempt's observer is called by one thread at a time, never from
// within
//            start() or stop().
// Lifetime:  the destructor stops all attempts and waits for their on_end, so the executor must still be running then,
// on
//            a thread other than the one that destroys. No start() may run at the same time.
// Memory:    an attempt's items, and what is known of `concurrency` of them; answers are handed over at once.
class SimulatedLane final : public processors::Lane {
 public:
  SimulatedLane(boost::asio::any_io_executor executor, Settings settings);
  ~SimulatedLane() override;

  bool serves(const core::ProviderId& provider, core::Mode mode) const override;
  std::size_t attempts_max() const override;
  void start(processors::Attempt attempt, std::shared_ptr<processors::AttemptObserver> observer) override;
  void cancel(const core::BatchId& batch) override;
  void leave(const core::BatchId& batch, core::UnitIndex unit) override;
  void leave_all() override;

 private:
  class Run;
  class Runs;

  const boost::asio::any_io_executor executor_;
  const Settings settings_;
  const std::shared_ptr<Runs> runs_;  // shared with the runs, the last of which may outlive the lane by a return
};

}  // namespace adapters::simulated
