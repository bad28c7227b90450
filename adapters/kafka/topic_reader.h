// Reads the journal's topic from an offset to its end. For the .cc files of this folder only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/kafka/consumer.h"
#include "adapters/kafka/settings.h"
#include "processors/ports/journal.h"

namespace adapters::kafka {

// Threading: any thread. A consumer serves one reading at a time and is kept for the next one.
class TopicReader {
 public:
  TopicReader(const Settings& settings, std::string topic, processors::Log& log, processors::Metrics& metrics);

  // As Journal::first().
  core::Result<core::Offset> first(core::Partition partition);

  // As Journal::read(). Goes to the first end that is met, but not to one before `durable_end`: right after it was
  // elected, a broker may believe that the log ends earlier than it does.
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, core::Offset durable_end,
                                  const processors::Journal::Visit& visit);

  // Readings that run end soon with unavailable, and there are no others.
  void stop();

 private:
  struct Bounds {
    core::Offset begin;
    core::Offset end;
  };

  core::Result<std::unique_ptr<Consumer>> take();
  void give_back(std::unique_ptr<Consumer> consumer);
  core::Result<core::Offset> read_with(Consumer& consumer, core::Partition partition, core::Offset from,
                                       core::Offset durable_end, const processors::Journal::Visit& visit);
  core::Result<Message> next(Consumer& consumer, core::Partition partition);
  core::Result<Bounds> find_bounds(core::Partition partition);
  core::Result<core::Offset> find_first(core::Partition partition, std::int64_t where);
  core::Result<Bounds> explain(core::Partition partition, core::Offset from, core::Offset wanted_end);
  std::string place(core::Partition partition) const;

  const Settings settings_;
  const std::string topic_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Consumer>> idle_;
};

}  // namespace adapters::kafka
