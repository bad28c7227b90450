// Reads partitions of one topic, with no group: each from an offset of our choice, started and stopped by itself.
// For the .cc files of this folder only.
//
// librdkafka has two consumers. The newer replaces its whole assignment at each change, which restarts the fetches of
// all partitions; this is the older one, whose partitions know nothing of each other.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "adapters/kafka/client.h"
#include "core/ids.h"

namespace adapters::kafka {

// Threading: one thread at a time, but for find_topic() and wake().
class Consumer {
 public:
  static core::Result<std::unique_ptr<Consumer>> create(const Settings& settings, std::string_view purpose,
                                                        const std::string& topic, const Properties& properties,
                                                        processors::Log& log, processors::Metrics& metrics);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Waits until the client knows who leads the partitions. Without this start() does the same, but half a second later.
  core::Result<void> find_topic(std::chrono::milliseconds timeout) const;

  // `offset` may be RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END. The end that is meant is found a little later;
  // the first message or RD_KAFKA_RESP_ERR__PARTITION_EOF then says where it was.
  core::Result<void> start(core::Partition partition, std::int64_t offset);
  // Nothing of the partition comes out of next() any more. Does not wait for the cluster.
  void stop(core::Partition partition);

  // The next record, end of a partition or error (`err`) of those that were started; null after `timeout` or wake().
  Message next(std::chrono::milliseconds timeout);
  // From any thread: next() returns at once.
  void wake();

  const Client& client() const { return *client_; }
  const std::string& topic() const { return topic_name_; }

 private:
  Consumer(std::unique_ptr<Client> client, std::string topic);

  const std::unique_ptr<Client> client_;
  const std::string topic_name_;
  const Topic topic_;
  const Queue queue_;
  std::set<core::Partition> started_;
};

}  // namespace adapters::kafka
