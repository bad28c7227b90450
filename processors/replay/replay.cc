#include "processors/replay/replay.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "processors/fold.h"
#include "processors/object_name.h"
#include "processors/record_frame.h"

namespace processors {

namespace {

constexpr std::size_t records_per_report = 64;

class Replay {
 public:
  Replay(JournalReader& journal, StateStore& store, const ReplaySettings& settings, const ReplayReport& report)
      : journal_(journal), store_(store), settings_(settings), report_(report) {}

  core::Result<std::vector<ReplayedPartition>> run() {
    replayed_.resize(settings_.partitions.size());
    std::vector<std::thread> threads;
    const std::size_t count = std::clamp<std::size_t>(settings_.threads, 1, replayed_.size() + 1);
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back([this] { take_partitions(); });
    take_partitions();
    for (std::thread& thread : threads) thread.join();
    if (failure_) return *failure_;
    return std::move(replayed_);
  }

 private:
  void take_partitions() {
    for (std::size_t i = next_++; i < replayed_.size() && !ended_; i = next_++) {
      if (const auto done = fold(settings_.partitions[i], replayed_[i]); !done) fail(done.error());
    }
  }

  core::Result<void> fold(core::Partition partition, ReplayedPartition& replayed) {
    Fold fold(store_, partition);
    if (auto loaded = fold.load(); !loaded) return loaded;
    const auto found = settings_.ends.find(partition);
    const std::optional<core::Offset> end = found == settings_.ends.end() ? std::nullopt : std::optional(found->second);
    core::Result<void> outcome;
    ReplayProgress unreported;
    const auto visit = [&](const StoredRecord& stored) {
      if (ended_ || (end && stored.offset >= *end) || too_late(fold, stored.record)) return false;
      const auto counted = fold.take(stored);
      if (!counted) {
        outcome = counted.error();
        return false;
      }
      ++unreported.records;
      unreported.events += fold.events().size();
      unreported.bytes += frame_bytes(stored.record);
      if (fold.full()) outcome = fold.write();
      if (unreported.records >= records_per_report) report(std::exchange(unreported, {}), replayed);
      return outcome.has_value();
    };
    const bool any = !end || fold.position().next < *end;
    const auto read = any ? journal_.read(partition, fold.position().next, visit) : fold.position().next;
    if (outcome && !read) outcome = read.error();
    if (!outcome) return outcome;
    report(unreported, replayed);
    if (ended_) return {};
    if (end && fold.position().next != *end && !settings_.until)
      return not_reached(partition, *end, fold.position().next);
    replayed.partition = partition;
    replayed.position = fold.position();
    return fold.write();
  }

  bool too_late(const Fold& fold, const JournalRecord& record) const {
    return settings_.until && record.time > *settings_.until &&
           counts(record, fold.position().epoch, fold.position().instance);
  }

  static core::Error not_reached(core::Partition partition, core::Offset wanted, core::Offset there) {
    return {core::ErrorCode::invalid_request, "the fold stands at " + place_text(partition, there) + ", and " +
                                                  place_text(partition, wanted) +
                                                  " was asked for: there is no such record"};
  }

  void report(const ReplayProgress& more, ReplayedPartition& replayed) {
    replayed.records += more.records;
    replayed.events += more.events;
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

  JournalReader& journal_;
  StateStore& store_;
  const ReplaySettings& settings_;
  const ReplayReport& report_;

  std::atomic<std::size_t> next_ = 0;  // in the list of partitions
  std::vector<ReplayedPartition> replayed_;
  std::atomic<bool> ended_ = false;

  std::mutex mutex_;  // of what follows
  ReplayProgress progress_;
  std::optional<core::Error> failure_;
};

}  // namespace

core::Result<std::vector<ReplayedPartition>> replay(JournalReader& journal, StateStore& store,
                                                    const ReplaySettings& settings, const ReplayReport& report) {
  return Replay(journal, store, settings, report).run();
}

}  // namespace processors
