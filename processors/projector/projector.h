// Publishes the partitions that this process owns: see PartitionProjection.
//
// Threading: own(), release() and confirmed() may be called from any thread and never block; everything else happens on
//            one thread of the projector's own, partition after partition.
// Lifetime:  what the constructor is given must outlive stop(). Destruction stops.
// Memory:    one batch of records at a time.
// Metrics:   batchrouter_projector_lag_records{partition}      journal records confirmed but not published
//            batchrouter_projector_stopped{partition}          1: something must be mended before it goes on
//            batchrouter_projector_errors_total{code}
//            batchrouter_projector_records_total{topic}
//            batchrouter_projector_publish_seconds
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "processors/ports/log.h"
#include "processors/projector/partition_projection.h"

namespace processors {

class Projector {
 public:
  struct Settings {
    std::uint32_t partition_count = 16;
    std::chrono::milliseconds batch_age_max{100};  // then even a small batch is published
    std::chrono::milliseconds backoff_min{100};    // after an error; doubled with each in a row
    std::chrono::milliseconds backoff_max{10'000};
  };

  Projector(Settings settings, JournalReader& journal, PublicLog& log, const StateReader& state, Metrics& metrics,
            Log& operator_log);
  ~Projector();

  // From now on, until release(), this process publishes the partition: everything that is confirmed.
  void own(core::Partition partition);
  // A publish that is under way still ends; it harms nobody.
  void release(core::Partition partition);
  // Everything below `next` in the journal is confirmed, and applied to a state that does not go back while this
  // process runs. So it stays true whoever owns the partition, and may be said before own().
  void confirmed(core::Partition partition, core::Offset next);

  // Releases every partition, and waits for the one call of the public log that is under way. Idempotent; nothing can
  // be owned afterwards.
  void stop();

 private:
  struct Slot {
    explicit Slot(boost::asio::thread_pool& thread) : timer(thread) {}

    std::atomic<std::int64_t> end = 0;    // of what is confirmed
    std::atomic<bool> announced = false;  // the thread will look at `end`

    // Only the projector's thread touches these.
    std::optional<PartitionProjection> projection;  // while owned
    core::Offset next;                              // of the first journal record that is not published
    bool waiting = false;                           // for the timer
    bool stopped = false;
    std::chrono::milliseconds backoff{0};
    boost::asio::steady_timer timer;
  };

  void wake(core::Partition partition);
  void run(core::Partition partition);
  void wait(core::Partition partition, std::chrono::milliseconds time);
  void fail(core::Partition partition, const core::Error& error);
  void let_go(core::Partition partition);
  void set_gauges(core::Partition partition);

  const Settings settings_;
  JournalReader& journal_;
  PublicLog& log_;
  const StateReader& state_;
  Metrics& metrics_;
  Log& operator_log_;
  std::atomic<bool> stopping_ = false;
  boost::asio::thread_pool thread_{1};
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace processors
