// The idempotent producer of the journal. For the .cc files of this folder only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "adapters/kafka/client.h"
#include "adapters/kafka/record_codec.h"

namespace adapters::kafka {

// Threading: any thread; reports come on a thread of its own.
// Order:     of one partition, records reach the log in the order of the calls, with none left out: the first that
// fails
//            stops the producer.
class JournalProducer {
 public:
  // The first failure, once: the producer can do nothing any more.
  using Failed = std::function<void(core::Error)>;

  static core::Result<std::unique_ptr<JournalProducer>> create(const Settings& settings, const std::string& topic,
                                                               Failed failed, processors::Log& log,
                                                               processors::Metrics& metrics);
  // Takes Settings::close_timeout at most; records that wait are dropped.
  ~JournalProducer();

  rd_kafka_resp_err_t produce(core::Partition partition, const processors::JournalRecord& record,
                              std::int64_t sequence);
  // Drops what waits and what was sent without an answer yet. That may still arrive, and nothing else.
  void give_up();

 private:
  explicit JournalProducer(Failed failed) : failed_(std::move(failed)) {}

  void fail(core::Error error);
  void poll_until_stopped();

  const Failed failed_;
  bool has_failed_ = false;  // of the polling thread
  std::unique_ptr<Client> client_;
  Topic topic_;
  std::atomic<bool> stopping_ = false;
  std::thread polling_;  // last: it uses everything above
};

}  // namespace adapters::kafka
