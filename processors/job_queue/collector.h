// Closes the jobs of a batch that has ended, as its result rows say, in commands of bounded size. Jobs end by
// themselves so, whether or not anyone asks for them.
//
// Threading: collect() from any thread; each batch is a coroutine on the executor. A run that was cut off begins again:
// jobs that are closed already are left out by the rules.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/effect.h"
#include "processors/command_bus.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/log.h"
#include "processors/state_reader.h"
#include "processors/term.h"

namespace processors {

class Collector {
 public:
  // What is borrowed must outlive this, and this the executor's last work.
  struct Environment {
    const BlobStore& blobs;
    StateReader reader;
    CommandBus& bus;
    Log& log;
  };
  Collector(boost::asio::any_io_executor executor, Environment environment);

  void collect(TermPointer term, core::CollectJobs jobs);

 private:
  boost::asio::awaitable<void> run(TermPointer term, core::CollectJobs jobs);
  boost::asio::awaitable<core::Result<void>> close_all(core::CollectJobs jobs);
  boost::asio::awaitable<core::Result<void>> complete(core::CollectJobs jobs);
  boost::asio::awaitable<core::Result<void>> fail(core::CollectJobs jobs, std::set<core::JobId> without_row);
  boost::asio::awaitable<core::Result<void>> close(core::CollectJobs jobs, std::string part,
                                                   std::vector<core::job_queue::Outcome> outcomes);

  boost::asio::any_io_executor executor_;
  Environment environment_;
};

}  // namespace processors
