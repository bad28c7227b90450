// The topic `<prefix>.commands`, partition by partition.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "adapters/kafka/settings.h"
#include "processors/ports/command_source.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"

namespace adapters::kafka {

class Consumer;

// Reads what is committed, with no group: the offsets are ours to keep.
//
// Memory:   about a MiB for each partition that was started; one that is not taken from is not read either.
// Failure:  tried again for ever, a second apart, with a line in the log. Records that retention has deleted are passed
//           over, with a warning. A topic shorter than the offset asked for was created anew: an error in the log, and
//           nothing is taken from the partition until it is started again.
// Lifetime: log and metrics outlive it. The destructor waits for a `take` under way and for Settings::close_timeout.
class KafkaCommandSource final : public processors::CommandSource {
 public:
  // The topic must be there: see prepare_topics(). Makes no connection yet. Errors: configuration_invalid.
  static core::Result<std::unique_ptr<KafkaCommandSource>> create(const Settings& settings, processors::Log& log,
                                                                  processors::Metrics& metrics);
  ~KafkaCommandSource() override;

  void start(core::Partition partition, core::Offset from, Take take) override;
  void stop(core::Partition partition) override;

 private:
  using Clock = std::chrono::steady_clock;

  // running: records come. waiting: until `resume_at`. resetting: running, from wherever the topic begins now.
  // over: the topic is not the one that it was.
  enum class Phase { waiting, running, resetting, over };
  struct Reading {
    core::Offset next;
    Take take;
    Phase phase = Phase::waiting;
    Clock::time_point resume_at = {};
    std::int64_t begin_at = 0;  // an offset, or where the topic begins
  };

  KafkaCommandSource(std::unique_ptr<Consumer> consumer, processors::Log& log);
  void run();
  void reconcile();
  void take(core::Partition partition, Reading& reading, const processors::BusRecord& record);
  void pause(core::Partition partition, Reading& reading, std::chrono::milliseconds time);
  void found_position(core::Partition partition, Reading& reading, core::Offset offset);
  void failed(core::Partition partition, Reading& reading, const core::Error& error);

  const std::unique_ptr<Consumer> consumer_;  // the thread's
  processors::Log& log_;
  std::mutex mutex_;
  std::map<core::Partition, Reading> readings_;
  std::set<core::Partition> obsolete_;  // to be stopped in the consumer before anything else
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace adapters::kafka
