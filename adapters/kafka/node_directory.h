// Who owns which partition, told to all nodes through a compacted topic.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "adapters/kafka/settings.h"
#include "core/result.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/node_directory.h"

namespace adapters::kafka {

// Reads "<prefix>.nodes" from its beginning and on, and writes announcements to it: one thread for both. The key of a
// record is the partition's number, its value schemas::NodeRecord; one that cannot be read is passed over and counted.
//
// Threading: any thread; owner() and announce() do not wait.
// Delivery:  an announcement is repeated until the cluster has it, and again when one of an older epoch is found behind
//            it, because compaction keeps the last record of a key, not the newest epoch.
// Requires:  the topic: see prepare_topics(). Log and metrics outlive it.
class KafkaNodeDirectory final : public processors::NodeDirectory {
 public:
  // `url`: where the others reach this process, without a slash at the end. Makes no connection yet.
  // Errors: configuration_invalid.
  static core::Result<std::unique_ptr<KafkaNodeDirectory>> create(const Settings& settings, std::string url,
                                                                  processors::Log& log, processors::Metrics& metrics);
  ~KafkaNodeDirectory() override;  // as stop()

  std::optional<processors::NodeAddress> owner(core::Partition partition) const override;
  void announce(core::Partition partition, core::Epoch epoch) override;

  // Blocks until the topic was read to its end once, so that owner() knows what was announced before. False after
  // `timeout`.
  bool wait_until_read(std::chrono::milliseconds timeout) const;

  // Ends the thread; what was not delivered is lost. Idempotent.
  void stop();

 private:
  class Implementation;
  explicit KafkaNodeDirectory(std::unique_ptr<Implementation> implementation);

  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace adapters::kafka
