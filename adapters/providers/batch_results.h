// The results of a provider batch: fetched, checked as a whole, and only then reported.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <set>

#include "adapters/providers/batch_channel.h"
#include "adapters/providers/run.h"
#include "adapters/providers/spool.h"
#include "adapters/providers/wire.h"
#include "processors/ports/lane.h"

namespace adapters::providers {

// Threading: on the channel's strand. The attempt must outlive it.
class BatchResults {
 public:
  BatchResults(std::shared_ptr<LaneContext> lane, std::shared_ptr<BatchChannel> channel,
               const processors::Attempt& attempt);

  // None: they are all here. Otherwise it may be tried again.
  boost::asio::awaitable<MaybeEnd> fetch(const BatchStatus& batch);
  // Reports what was fetched, but no items that are in `answered`, and adds the others to them. Nothing is reported of
  // results under mixed-up ids. None: no trouble with the lane.
  boost::asio::awaitable<MaybeEnd> report(const BatchStatus& batch, processors::AttemptObserver& observer,
                                          std::set<std::uint32_t>& answered);

 private:
  const std::shared_ptr<LaneContext> lane_;
  const std::shared_ptr<BatchChannel> channel_;
  const processors::Attempt& attempt_;
  std::shared_ptr<Spool> spool_;  // shared with the call that fills it
};

}  // namespace adapters::providers
