// Has the units of a batch planned, as its plan blob lists them, in commands of bounded size.
//
// Threading: plan() from any thread; each batch is a coroutine on the executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/log.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class Planner {
 public:
  // `blobs`, `bus` and `log` must outlive this, and this the executor's last work.
  Planner(boost::asio::any_io_executor executor, BlobStore& blobs, StateReader reader, CommandBus& bus, Log& log);

  void plan(TermPointer term, core::PlanBatch plan);

 private:
  boost::asio::awaitable<void> run(TermPointer term, core::PlanBatch plan);
  boost::asio::awaitable<core::Result<void>> plan_units(core::PlanBatch plan);

  boost::asio::any_io_executor executor_;
  BlobStore& blobs_;
  StateReader reader_;
  CommandBus& bus_;
  Log& log_;
};

}  // namespace processors
