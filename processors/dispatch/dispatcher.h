// Brings work units to their close: dispatches attempts to lanes, records results as they come, reports progress, tries
// again within bounds, and writes the rows of items that will not be answered.
//
// Threading: run, stop_batch and stop from any thread; each unit runs on a strand of its own, where it may block on
// files. Lifetime:  what the constructor borrows must outlive the dispatcher; call stop() and let the executor run dry
// before
//            destroying it.
// Delivery:  a unit may be run again after a crash, or by the next owner of its partition; its results are kept, and
//            only items without any are asked again.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <vector>

#include "core/catalog.h"
#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/dispatch/fair_queue.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/lane.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class UnitRun;

class Dispatcher {
 public:
  struct Settings {
    std::size_t units_in_flight_max = 8;
    std::uint32_t attempts_max = 5;                // as core::Policy has it
    std::chrono::milliseconds retry_delay{2'000};  // doubled with each attempt
  };

  // What a unit's run needs of its surroundings.
  struct Environment {
    const core::Catalog& catalog;
    std::vector<Lane*> lanes;
    BlobStore& blobs;
    StateReader reader;
    CommandBus& bus;
    Metrics& metrics;
    Log& log;
  };

  Dispatcher(boost::asio::any_io_executor executor, Settings settings, Environment environment);
  ~Dispatcher();

  void run(TermPointer term, core::RunUnit unit);
  // Ends the batch's running attempts early: its state now says that it is to stop.
  void stop_batch(const core::BatchId& batch);
  // Ends all attempts; what they have answered is kept, the rest waits for the next start.
  void stop();
  // Whether no unit is being run. After stop() it soon is, and stays so.
  bool idle() const { return in_flight_ == 0; }

 private:
  struct Work {
    TermPointer term;
    core::RunUnit unit;
  };

  void pump();
  boost::asio::awaitable<void> run_one(Work work);
  void again_later(Work work, std::chrono::milliseconds delay);

  const Settings settings_;
  Environment environment_;
  boost::asio::any_io_executor executor_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;

  std::atomic<std::size_t> in_flight_ = 0;  // changed on the strand
  std::atomic<bool> stopping_ = false;

  // On the strand.
  FairQueue<core::OrgId, Work> waiting_;
};

}  // namespace processors
