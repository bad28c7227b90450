// One partition and the world around it: simulated time, and a way to do something later.
//
// Time goes in ticks. In a tick all that is due is submitted; when the last of it is answered, time goes on. So what
// the partition's journal holds depends on the seed alone, however threads and disks run.
//
// Threading: everything runs on one strand. Lifetime: outlives the executor's last work.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/simulated/random.h"
#include "processors/partition_loop.h"
#include "processors/testing/null_metrics.h"

namespace load_generator {

// The digest of the live state just after the record at `offset` was applied.
struct RecordedDigest {
  core::Partition partition;
  core::Offset offset;
  std::string digest;
};

class PartitionWorld {
 public:
  struct Settings {
    core::Partition partition;
    std::uint32_t partition_count = 1;
    std::uint64_t seed = 0;
    std::uint64_t events = 0;  // after so many nothing new is begun
    core::Timestamp begin;
    std::vector<std::uint64_t> digests_at;  // counts of events, rising
  };
  using Act = std::function<void()>;
  using Then = std::function<void(const core::Result<processors::Answer>&)>;

  PartitionWorld(boost::asio::io_context& context, Settings settings, processors::Journal& journal,
                 processors::StateStore& store, processors::EffectRunner& effects);

  core::Result<void> recover() { return loop_->recover(); }
  // Ends by itself, when nothing is left to do, and calls `ended` once, on the strand.
  void run(std::function<void(std::optional<core::Error>)> ended);
  void close() { loop_->close(); }

  // For those who play in it.
  core::Timestamp now() const { return now_; }
  adapters::simulated::Random& random() { return random_; }
  bool happens(double probability) { return random_.fraction() < probability; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + random_.below(most - least + 1); }
  std::string ulid();
  core::Digest digest();
  core::Partition partition() const { return settings_.partition; }
  std::uint32_t partition_count() const { return settings_.partition_count; }
  bool ending() const { return events() >= settings_.events; }

  void later(core::Duration delay, Act act);
  void submit(
      core::AggregateKey aggregate, std::string id, core::Command command, Then then = [](const auto&) {});

  std::uint64_t events() const { return metrics_.events; }
  std::uint64_t refusals() const { return refusals_; }
  const std::vector<RecordedDigest>& digests() const { return digests_; }

 private:
  struct EventCount final : processors::Metrics {
    void count(std::string_view name, processors::Labels, double by) override {
      if (name == "batchrouter_events_total") events += static_cast<std::uint64_t>(by);
    }
    void set(std::string_view, processors::Labels, double) override {}
    void observe_seconds(std::string_view, processors::Labels, double) override {}
    std::uint64_t events = 0;
  };

  void tick();
  void confirmed(core::Offset next);
  void end(std::optional<core::Error> error);

  const Settings settings_;
  processors::StateStore& store_;
  boost::asio::strand<boost::asio::io_context::executor_type> strand_;
  EventCount metrics_;
  std::shared_ptr<processors::PartitionLoop> loop_;

  adapters::simulated::Random random_;
  core::Timestamp now_;
  std::multimap<core::Timestamp, Act> agenda_;
  std::size_t unanswered_ = 0;
  std::uint64_t refusals_ = 0;
  std::size_t digests_begun_ = 0;
  std::vector<RecordedDigest> digests_;
  std::function<void(std::optional<core::Error>)> ended_;
};

}  // namespace load_generator
