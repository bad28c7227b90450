// The public topics: what analysts and integrations read, made from the journal.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/result.h"

namespace processors {

struct PublicRecord {
  std::string topic;  // its word: "ledger", "quotes", "dispatch", "batches"
  std::string key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string value;  // JSON
};

// How far the journal of a partition has been published.
struct PublicProgress {
  core::Offset next;     // of the first journal record that is not
  core::Epoch epoch;     // of the partition's owner there
  std::string instance;  // the owner
};

// Threading: any thread, one call at a time for each partition. Every member blocks.
// Delivery:  who reads only what is committed sees each record once: records and progress appear together or not at
//            all, and an earlier publisher of the partition can add nothing after begin().
class PublicLog {
 public:
  virtual ~PublicLog() = default;
  // Takes the partition over; answers what was published, nothing when that is nothing.
  // Errors: unavailable, configuration_invalid.
  virtual core::Result<std::optional<PublicProgress>> begin(core::Partition partition) = 0;
  // Errors: fenced (another publisher has begun), unavailable (outcome unknown): begin() again.
  virtual core::Result<void> publish(core::Partition partition, const std::vector<PublicRecord>& records,
                                     const PublicProgress& progress) = 0;
  virtual void end(core::Partition partition) = 0;
};

}  // namespace processors
