// Watches a history: every record of the log as it comes, every call to a provider, every webhook that arrives, every
// answer that a customer gets, the state of every process; and says the first thing that does not hold, with the number
// of its invariant (tests/simulation/invariants.cc has the list).
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
#include "tests/simulation/model.h"
#include "tests/simulation/process.h"
#include "tests/simulation/store.h"

namespace simulation {

class World;

// What a customer asked, and what of the log its answer must at least know: whoever answers had read so far.
struct Question {
  core::OrgId org;
  Call call;
  core::Offset from;
};

// What the artifacts of a batch hold, as downloaded.
struct Downloads {
  std::string output, error, receipt;
};

class Oracle {
 public:
  explicit Oracle(World& world);
  ~Oracle();

  // Reads what has come to the log since it was read last, and compares the state of who is running.
  void look();

  // --- what is told to it -------------------------------------------------------------------------------------------
  // A process is to begin on what the machine's disk has of the state.
  void begins(std::size_t machine);
  void provider_called(const processors::Attempt& attempt);
  void provider_answered(const processors::Attempt& attempt, const processors::LaneAnswer& answer);
  void connected(const std::string& address);
  void webhook_arrived(const processors::WebhookRequest& request);
  Question ask(std::size_t machine, const core::OrgId& org, const Call& call) const;
  void answered(const Question& question, const Reply& reply);
  void acknowledged(const core::Command& command);
  void downloaded(const core::BatchId& batch, const Downloads& downloads);
  // A rare thing has happened: the histories reach it.
  void reached(const std::string& what) { ++reached_[what]; }

  void fail(int invariant, std::string what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  int invariant() const { return invariant_; }

  // Whether nothing is left to be done, by the log.
  bool quiet() const { return waits_for().empty(); }
  std::string waits_for() const;
  // What must hold when everything has ended.
  void end();

  World& world() { return world_; }
  std::uint32_t attempts_max() const;
  std::uint64_t records() const { return records_; }
  std::uint64_t events() const { return events_; }
  const std::map<std::string, std::uint64_t>& reached() const { return reached_; }
  // What the records come to.
  const Store& state() const { return state_; }
  const Model& model() const { return model_; }

 private:
  struct Part {
    std::size_t read = 0;               // records
    std::vector<std::uint64_t> prints;  // of the rows, before each record and after the last
    core::Timestamp time;
    std::unique_ptr<processors::Fold> fold;
    std::unique_ptr<processors::audit::PartitionAudit> audit;
  };
  // Usage and text of one answer.
  struct Said {
    processors::Usage usage;
    std::string text;
  };

  void take(core::Partition partition, const processors::StoredRecord& stored);
  void check_events(const processors::StoredRecord& stored, core::Partition partition,
                    const std::vector<schemas::RecordedEvent>& events);
  void check_rows(core::Partition partition, const std::vector<schemas::RecordedEvent>& events);
  void check_audit(const Part& part);
  void compare_states();
  // Whether the rows there are those that the records make up to where they say.
  bool same_rows(const Store& store, core::Partition partition, std::string& position) const;
  void check_funding();
  core::Partition partition_of(const core::OrgId& org) const;
  // Up to where the log of an org's partition was read.
  core::Offset read_of(const core::OrgId& org) const;

  std::string own_thing(const Question& question) const;
  void answered_refusal(const Question& question, const Reply& reply);
  void answered_view(const Question& question, const std::string& thing, const std::string& said);
  void answered_made(const Question& question, const Reply& reply);
  void answered_payment(const Question& question);

  World& world_;
  Store state_;  // an own fold of the log
  Model model_;
  std::map<core::Partition, Part> parts_;
  std::map<std::pair<std::size_t, core::Partition>, std::string> compared_;    // positions of stores, as bytes
  std::map<std::string, std::string> webhooks_;                                // bodies by id
  std::map<std::pair<core::BatchId, std::uint32_t>, std::vector<Said>> said_;  // by providers, of each item
  std::set<core::BatchId> downloaded_;
  std::uint64_t records_ = 0;
  std::uint64_t events_ = 0;
  std::map<std::string, std::uint64_t> reached_;
  std::string failure_;
  int invariant_ = 0;
};

}  // namespace simulation
