#include "processors/replay/replay.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "processors/fold.h"
#include "processors/object_name.h"
#include "processors/record_frame.h"

namespace processors {

namespace {

constexpr std::size_t records_per_report = 64;
constexpr std::size_t partition_events_min = 1'000;  // are written together, however many partitions share the memory

// What all threads have in common.
class Replay {
 public:
  Replay(StateStore& store, const ReplaySettings& settings, const ReplayReport& report)
      : store_(store), settings_(settings), report_(report), replayed_(settings.partitions.size()) {}

  // Runs `work(i)` for each i on a thread of its own, the first on this one.
  core::Result<std::vector<ReplayedPartition>> run(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    if (count > 0) work(0);
    for (std::thread& thread : threads) thread.join();
    if (failure_) return *failure_;
    return std::move(replayed_);
  }

  StateStore& store() { return store_; }
  const ReplaySettings& settings() const { return settings_; }
  ReplayedPartition& replayed(std::size_t index) { return replayed_[index]; }
  bool ended() const { return ended_; }

  void report(const ReplayProgress& more) {
    const std::scoped_lock lock(mutex_);
    progress_.records += more.records;
    progress_.events += more.events;
    progress_.bytes += more.bytes;
    if (!report_ || ended_ || report_(progress_)) return;
    failure_ = core::Error{core::ErrorCode::unavailable, "the replay was broken off"};
    ended_ = true;
  }

  void fail(const core::Error& error) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = error;
    ended_ = true;
  }

 private:
  StateStore& store_;
  const ReplaySettings& settings_;
  const ReplayReport& report_;
  std::vector<ReplayedPartition> replayed_;
  std::atomic<bool> ended_ = false;

  std::mutex mutex_;  // of what follows
  ReplayProgress progress_;
  std::optional<core::Error> failure_;
};

// One partition on its way. Threading: one thread.
class PartitionReplay {
 public:
  PartitionReplay(Replay& replay, std::size_t index, std::size_t events_unwritten_max)
      : replay_(replay),
        partition_(replay.settings().partitions[index]),
        events_unwritten_max_(events_unwritten_max),
        replayed_(replay.replayed(index)),
        fold_(replay.store(), partition_) {
    const auto& ends = replay.settings().ends;
    if (const auto end = ends.find(partition_); end != ends.end()) end_ = end->second;
  }

  core::Result<void> load() { return fold_.load(); }
  core::Partition partition() const { return partition_; }
  core::Offset next() const { return fold_.position().next; }
  // It is where it should go to; records behind that are not to be taken.
  bool at_end() const { return stopped_ || (end_ && next() >= *end_); }

  core::Result<void> take(const StoredRecord& stored) {
    if (too_late(stored.record)) {
      stopped_ = true;
      return {};
    }
    if (const auto counted = fold_.take(stored); !counted) return counted.error();
    ++unreported_.records;
    unreported_.events += fold_.events().size();
    unreported_.bytes += frame_bytes(stored.record);
    if (unreported_.records >= records_per_report) report();
    return fold_.events_unwritten() >= events_unwritten_max_ ? fold_.write() : core::Result<void>();
  }

  core::Result<void> finish() {
    report();
    if (end_ && next() != *end_)
      return core::Error{core::ErrorCode::invalid_request, "the fold stands at " + place_text(partition_, next()) +
                                                               ", and " + place_text(partition_, *end_) +
                                                               " was asked for: there is no such record"};
    replayed_.partition = partition_;
    replayed_.position = fold_.position();
    return fold_.write();
  }

 private:
  bool too_late(const JournalRecord& record) const {
    const std::optional<core::Timestamp>& until = replay_.settings().until;
    return until && record.time > *until && counts(record, fold_.position().epoch, fold_.position().instance);
  }

  void report() {
    const ReplayProgress more = std::exchange(unreported_, {});
    replayed_.records += more.records;
    replayed_.events += more.events;
    replay_.report(more);
  }

  Replay& replay_;
  const core::Partition partition_;
  const std::size_t events_unwritten_max_;
  ReplayedPartition& replayed_;
  Fold fold_;
  std::optional<core::Offset> end_;
  bool stopped_ = false;
  ReplayProgress unreported_;
};

core::Result<void> replay_partition(Replay& replay, JournalReader& journal, std::size_t index) {
  PartitionReplay partition(replay, index, Fold::events_unwritten_max);
  core::Result<void> outcome = partition.load();
  if (!outcome) return outcome;
  if (!partition.at_end()) {
    const auto read = journal.read(partition.partition(), partition.next(), [&](const StoredRecord& stored) {
      outcome = partition.take(stored);
      return outcome && !partition.at_end() && !replay.ended();
    });
    if (outcome && !read) outcome = read.error();
  }
  if (!outcome || replay.ended()) return outcome;
  return partition.finish();
}

// One partition in so many, beginning with the one at `first`.
core::Result<void> replay_share(Replay& replay, const ReadAll& read, std::size_t first, std::size_t step) {
  const std::size_t count = replay.settings().partitions.size();
  const std::size_t share = std::max<std::size_t>(count / step, 1);
  std::map<core::Partition, std::unique_ptr<PartitionReplay>> partitions;
  for (std::size_t index = first; index < count; index += step) {
    auto partition = std::make_unique<PartitionReplay>(
        replay, index, std::max(Fold::events_unwritten_max / share, partition_events_min));
    if (auto loaded = partition->load(); !loaded) return loaded;
    partitions.emplace(partition->partition(), std::move(partition));
  }
  core::Result<void> outcome;
  const auto done = read([&](core::Partition number, const StoredRecord& stored) {
    const auto found = partitions.find(number);
    if (found == partitions.end() || found->second->at_end()) return !replay.ended();
    outcome = found->second->take(stored);
    return outcome && !replay.ended();
  });
  if (outcome && !done) outcome = done;
  for (auto partition = partitions.begin(); outcome && !replay.ended() && partition != partitions.end(); ++partition)
    outcome = partition->second->finish();
  return outcome;
}

}  // namespace

core::Result<std::vector<ReplayedPartition>> replay(JournalReader& journal, StateStore& store,
                                                    const ReplaySettings& settings, const ReplayReport& report) {
  Replay replay(store, settings, report);
  std::atomic<std::size_t> next = 0;  // in the list of partitions
  const std::size_t count = settings.partitions.size();
  return replay.run(std::min(settings.threads, count), [&](std::size_t) {
    for (std::size_t index = next++; index < count && !replay.ended(); index = next++) {
      if (const auto done = replay_partition(replay, journal, index); !done) replay.fail(done.error());
    }
  });
}

core::Result<std::vector<ReplayedPartition>> replay(const std::vector<ReadAll>& readings, StateStore& store,
                                                    const ReplaySettings& settings, const ReplayReport& report) {
  Replay replay(store, settings, report);
  return replay.run(readings.size(), [&](std::size_t i) {
    if (const auto done = replay_share(replay, readings[i], i, readings.size()); !done) replay.fail(done.error());
  });
}

}  // namespace processors
