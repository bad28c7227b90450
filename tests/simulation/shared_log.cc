#include "tests/simulation/shared_log.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "schemas/journal_codec.h"

namespace simulation {

namespace {

constexpr core::Duration late_max = std::chrono::minutes(2);

core::Error unknown(const char* why) {
  return {core::ErrorCode::unavailable, why};
}

}  // namespace

// A partition that a process has open: what it has appended and not heard of, and what it believes of its ownership.
class SharedLogTenure {
 public:
  explicit SharedLogTenure(processors::Journal::Lost on_lost) : on_lost_(std::move(on_lost)) {}

  // Answers all that waits, and says that the partition is lost. Only the first time.
  void lose(const core::Error& error) {
    if (ended) return;
    ended = true;
    answer_all(error);
    if (const auto lost = std::exchange(on_lost_, nullptr)) lost(error);
  }
  void end() {
    ended = true;
    on_lost_ = nullptr;
    answer_all(unknown("the journal was closed, and nothing is known of it"));
  }

  bool ended = false;
  bool first_append = true;
  core::Epoch epoch;  // of the newest append
  std::deque<processors::Journal::Confirmed> waiting;

 private:
  void answer_all(const core::Error& error) {
    for (const auto& confirmed : std::exchange(waiting, {})) confirmed(error);
  }

  processors::Journal::Lost on_lost_;
};

// --- the log --------------------------------------------------------------------------------------------------------

// Whoever has the partition open with an older epoch finds out when it reads so far.
void SharedLog::land(core::Partition partition, processors::JournalRecord record) {
  Part& part = partitions_[partition];
  const auto events = schemas::decode_group(record.value);
  const bool opens =
      events.has_value() && !events->empty() && std::holds_alternative<core::PartitionOpened>(events->front().event);
  if (opens && record.epoch > part.epoch) {
    part.epoch = record.epoch;
    part.instance = record.instance;
    std::erase_if(part.tenures, [](const auto& tenure) { return tenure.expired(); });
    for (const auto& tenure : part.tenures) {
      agenda_.later(chance_.between(core::Duration(0), 4 * faults_.delay_max), [tenure, epoch = record.epoch] {
        const auto alive = tenure.lock();
        if (alive && alive->epoch < epoch) alive->lose({core::ErrorCode::fenced, "a newer owner was read"});
      });
    }
  }
  part.records.push_back(std::move(record));
}

// --- a process's way to it ------------------------------------------------------------------------------------------

void SharedLogJournal::die() {
  dead_ = true;
  for (auto& [partition, tenure] : tenures_) {
    tenure->waiting.clear();
    tenure->end();
  }
  tenures_.clear();
}

core::Result<core::Offset> SharedLogJournal::open(core::Partition partition, Lost lost) {
  if (dead_ || log_.out_of_reach_ || log_.chance_.happens(log_.faults_.open_fails))
    return unknown("the log cannot be reached");
  const auto tenure = std::make_shared<SharedLogTenure>(std::move(lost));
  tenures_[partition] = tenure;
  SharedLog::Part& part = log_.partitions_[partition];
  part.tenures.push_back(tenure);
  return core::Offset(static_cast<std::int64_t>(part.records.size()));
}

void SharedLogJournal::close(core::Partition partition) {
  const auto tenure = tenures_.extract(partition);
  if (!tenure.empty()) tenure.mapped()->end();
}

void SharedLogJournal::append(core::Partition partition, processors::JournalRecord record, Confirmed confirmed) {
  const auto open = tenures_.find(partition);
  if (open == tenures_.end()) return confirmed(unknown("the partition is not open"));
  const Tenure tenure = open->second;
  if (tenure->ended) return confirmed(unknown("the partition was lost"));
  Chance& chance = log_.chance_;
  const LogFaults& faults = log_.faults_;
  const bool at_once = std::exchange(tenure->first_append, false);
  if (!at_once && chance.happens(faults.overloaded))
    return confirmed(core::Error{core::ErrorCode::overloaded, "too much waits"});
  tenure->epoch = record.epoch;
  tenure->waiting.push_back(std::move(confirmed));

  if (log_.out_of_reach_ || chance.happens(faults.outcome_unknown)) {
    if (chance.happens(faults.lands_anyway)) {
      const core::Duration delay =
          chance.happens(faults.lands_late) ? chance.between(faults.delay_max, late_max) : core::Duration(0);
      if (delay == core::Duration(0))
        log_.land(partition, std::move(record));
      else
        log_.agenda_.later(delay, [&log = log_, partition, record = std::move(record)]() mutable {
          log.land(partition, std::move(record));
        });
    }
    const core::Error error = unknown("the log did not answer in time");
    if (at_once) return tenure->lose(error);
    log_.agenda_.later(chance.between(core::Duration(0), faults.delay_max), [tenure, error] { tenure->lose(error); });
    return;
  }
  if (at_once) return settle(tenure, partition, std::move(record), true);
  log_.agenda_.later(
      chance.between(core::Duration(0), faults.delay_max),
      [this, &log = log_, alive = std::weak_ptr(tenure), partition, record = std::move(record)]() mutable {
        // In flight, whether or not its writer is still there.
        if (const Tenure still = alive.lock(); still && !still->ended)
          settle(still, partition, std::move(record), false);
        else
          log.land(partition, std::move(record));
      });
}

void SharedLogJournal::settle(const Tenure& tenure, core::Partition partition, processors::JournalRecord record,
                              bool at_once) {
  const SharedLog::Part& part = log_.partitions_[partition];
  const bool counted = processors::counts(record, part.epoch, part.instance);
  log_.land(partition, std::move(record));
  const core::Offset offset(static_cast<std::int64_t>(part.records.size()) - 1);
  const auto read_back = [this, tenure, counted, offset] {
    if (tenure->ended) return;
    if (!counted) return tenure->lose({core::ErrorCode::fenced, "a newer owner's record came first"});
    const auto confirmed = std::move(tenure->waiting.front());
    tenure->waiting.pop_front();
    confirmed(offset);
    if (log_.chance_.happens(log_.faults_.lost_for_nothing))
      tenure->lose(unknown("the log has not been heard of for too long"));
  };
  if (at_once) return read_back();
  log_.agenda_.later(log_.chance_.between(core::Duration(0), log_.faults_.delay_max), read_back);
}

core::Result<core::Offset> SharedLogJournal::read(core::Partition partition, core::Offset from, const Visit& visit) {
  if (dead_ || log_.out_of_reach_) return unknown("the log cannot be reached");
  const std::vector<processors::JournalRecord>& records = log_.records(partition);
  auto offset = from.value();
  while (offset < static_cast<std::int64_t>(records.size())) {
    const processors::StoredRecord stored{core::Offset(offset), records[static_cast<std::size_t>(offset)]};
    ++offset;
    if (!visit(stored)) break;
  }
  return core::Offset(offset);
}

}  // namespace simulation
