// Watches a history: every record of the log as it comes, every call to a provider, every webhook that arrives, every
// answer that a customer gets; and says the first thing that does not hold, with the number of its invariant.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "processors/audit/partition_audit.h"
#include "processors/fold.h"
#include "processors/ports/outbound.h"
#include "tests/simulation/lanes.h"
#include "tests/simulation/store.h"

namespace simulation {

class World;

class Oracle {
 public:
  explicit Oracle(World& world);
  ~Oracle();

  // Reads what has come to the log since it was read last.
  void look();
  void provider_called(const processors::Attempt& attempt);
  void webhook_arrived(const processors::WebhookRequest& request);
  // A rare thing has happened: the histories reach it.
  void reached(const std::string& what) { ++reached_[what]; }

  void fail(int invariant, std::string what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  int invariant() const { return invariant_; }

  // Whether nothing is left to be done, by the log.
  bool quiet() const;
  std::string waits_for() const;
  // What must hold when everything has ended.
  void end();

  std::uint64_t records() const { return records_; }
  std::uint64_t events() const { return events_; }
  const std::map<std::string, std::uint64_t>& reached() const { return reached_; }
  // What the records come to.
  const Store& state() const { return state_; }

 private:
  struct Part {
    std::size_t read = 0;  // records
    std::unique_ptr<processors::Fold> fold;
    std::unique_ptr<processors::audit::PartitionAudit> audit;
    std::uint64_t findings = 0;
  };

  void take(core::Partition partition, const processors::StoredRecord& stored);

  World& world_;
  Store state_;  // an own fold of the log
  std::map<core::Partition, Part> parts_;
  std::map<std::string, std::string> webhooks_;  // bodies by id
  std::uint64_t records_ = 0;
  std::uint64_t events_ = 0;
  std::map<std::string, std::uint64_t> reached_;
  std::string failure_;
  int invariant_ = 0;
};

}  // namespace simulation
