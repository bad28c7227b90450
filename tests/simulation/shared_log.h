// A log with the behaviours of Kafka, seen through the port: records that land although their writer was told that
// nothing is known of them, or long after it was replaced; writers that do not know yet that they were; times in which
// nothing can be reached.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "processors/ports/journal.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/process.h"

namespace simulation {

struct LogFaults {
  double outcome_unknown = 0;   // of an append: the writer is told that nothing is known of it
  double lands_anyway = 0.5;    // of those
  double lands_late = 0;        // of those that land: after a while, behind whatever came meanwhile
  double overloaded = 0;        // of an append: refused, nothing happened
  double open_fails = 0;        // of open()
  double lost_for_nothing = 0;  // of an append that is fine: a moment later the journal cannot tell any more
  core::Duration delay_max = std::chrono::milliseconds(20);  // of an append, and of reading it back
};

// What the brokers hold. It outlives every process.
class SharedLog {
 public:
  SharedLog(Agenda& agenda, Chance& chance, const LogFaults& faults)
      : agenda_(agenda), chance_(chance), faults_(faults) {}

  const std::vector<processors::JournalRecord>& records(core::Partition partition) const {
    return partitions_[partition].records;
  }
  // What brokers do that lose what they have confirmed. False: there is nothing to forget.
  bool forget_newest(core::Partition partition) {
    std::vector<processors::JournalRecord>& records = partitions_[partition].records;
    if (records.empty()) return false;
    records.pop_back();
    return true;
  }
  // Nothing can be reached, or everything again.
  void set_out_of_reach(bool out) { out_of_reach_ = out; }
  bool out_of_reach() const { return out_of_reach_; }

 private:
  friend class SharedLogJournal;

  struct Part {
    std::vector<processors::JournalRecord> records;
    core::Epoch epoch;  // the newest that was opened, and by whom
    std::string instance;
    std::vector<std::weak_ptr<class SharedLogTenure>> tenures;
  };

  void land(core::Partition partition, processors::JournalRecord record);

  Agenda& agenda_;
  Chance& chance_;
  const LogFaults& faults_;
  mutable std::map<core::Partition, Part> partitions_;
  bool out_of_reach_ = false;
};

// One process's way to it. The first append after open() is settled before it returns, as the loop waits for it.
class SharedLogJournal final : public ProcessJournal {
 public:
  explicit SharedLogJournal(SharedLog& log) : log_(log) {}
  ~SharedLogJournal() override { die(); }

  // What the process has sent is on its way all the same.
  void die() override;

  core::Result<core::Offset> open(core::Partition partition, Lost lost) override;
  void close(core::Partition partition) override;
  void append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) override;
  core::Result<core::Offset> first(core::Partition) override { return core::Offset(0); }
  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override;
  core::Result<void> trim(core::Partition, core::Offset) override { return {}; }

 private:
  using Tenure = std::shared_ptr<class SharedLogTenure>;

  void settle(const Tenure& tenure, core::Partition partition, processors::JournalRecord record, bool at_once);

  SharedLog& log_;
  std::map<core::Partition, Tenure> tenures_;
  bool dead_ = false;
};

}  // namespace simulation
