// The public topics in a Kafka cluster, written in transactions.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "adapters/kafka/settings.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/public_log.h"

namespace adapters::kafka {

// One producer for each partition that was begun, with the transactional id "<prefix>.projector.<partition>": to begin
// fences whoever had it before and ends what that one left open, so the progress that is read afterwards is final.
//
// Outcome:   a transaction that does not commit cleanly, and soon, is never looked into: the producer is thrown away
// and
//            the answer is unavailable. begin() then finds out what became of it.
// Threading: any thread, one call at a time for each partition. Calls block: begin() for twice
// Settings::request_timeout
//            at most, publish() for the transaction's fifteen seconds; each also for Settings::close_timeout.
// Requires:  the topics: see prepare_topics(). Log and metrics outlive it.
class KafkaPublicLog final : public processors::PublicLog {
 public:
  KafkaPublicLog(Settings settings, processors::Log& log, processors::Metrics& metrics);
  ~KafkaPublicLog() override;

  core::Result<std::optional<processors::PublicProgress>> begin(core::Partition partition) override;
  core::Result<void> publish(core::Partition partition, const std::vector<processors::PublicRecord>& records,
                             const processors::PublicProgress& progress) override;
  // What is open in Kafka is left to the next publisher, or to time.
  void end(core::Partition partition) override;

 private:
  class Publisher;

  core::Result<std::optional<processors::PublicProgress>> read_progress(core::Partition partition) const;
  std::shared_ptr<Publisher> find(core::Partition partition);

  const Settings settings_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  std::mutex mutex_;  // of the map; a publisher is used by one call at a time
  std::map<core::Partition, std::shared_ptr<Publisher>> publishers_;
};

}  // namespace adapters::kafka
