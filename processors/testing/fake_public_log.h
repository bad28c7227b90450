// The public topics in memory, for several publishers that contend, fail, and do not learn what became of a publish.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "processors/ports/public_log.h"

namespace processors::testing {

// What readers see. Threading: any thread.
class FakePublicTopics {
 public:
  struct Content {
    std::vector<PublicRecord> records;
    std::vector<std::size_t> batches;  // how many records each publish had
    std::optional<PublicProgress> progress;
  };

  Content read(core::Partition partition) const {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    return found == partitions_.end() ? Content{} : found->second.content;
  }

 private:
  friend class FakePublicLog;
  struct Owned {
    Content content;
    const void* publisher = nullptr;
  };
  mutable std::mutex mutex_;
  std::map<core::Partition, Owned> partitions_;
};

// One publisher. Threading: any thread.
class FakePublicLog final : public PublicLog {
 public:
  explicit FakePublicLog(FakePublicTopics& topics) : topics_(topics) {}

  core::Result<std::optional<PublicProgress>> begin(core::Partition partition) override {
    const std::lock_guard lock(topics_.mutex_);
    if (fail_begins_ > 0) {
      --fail_begins_;
      return core::Error{core::ErrorCode::unavailable, "the bus is away"};
    }
    FakePublicTopics::Owned& owned = topics_.partitions_[partition];
    owned.publisher = this;
    return owned.content.progress;
  }

  core::Result<void> publish(core::Partition partition, const std::vector<PublicRecord>& records,
                             const PublicProgress& progress) override {
    const std::lock_guard lock(topics_.mutex_);
    FakePublicTopics::Owned& owned = topics_.partitions_[partition];
    if (owned.publisher != this) return core::Error{core::ErrorCode::fenced, "another publisher has begun"};
    const core::Error unknown{core::ErrorCode::unavailable, "the outcome is not known"};
    if (std::exchange(lose_next_publish_, false)) return unknown;
    owned.content.records.insert(owned.content.records.end(), records.begin(), records.end());
    owned.content.batches.push_back(records.size());
    owned.content.progress = progress;
    if (std::exchange(lose_next_acknowledgement_, false)) return unknown;
    return {};
  }

  void end(core::Partition partition) override {
    const std::lock_guard lock(topics_.mutex_);
    if (topics_.partitions_[partition].publisher == this) topics_.partitions_[partition].publisher = nullptr;
  }

  void fail_next_begins(int count) { set(fail_begins_, count); }
  // Nothing is published, and the publisher is not told.
  void lose_next_publish() { set(lose_next_publish_, true); }
  // It is published, and the publisher is not told.
  void lose_next_acknowledgement() { set(lose_next_acknowledgement_, true); }

 private:
  template <class Value>
  void set(Value& member, Value value) {
    const std::lock_guard lock(topics_.mutex_);
    member = value;
  }

  FakePublicTopics& topics_;
  int fail_begins_ = 0;
  bool lose_next_publish_ = false;
  bool lose_next_acknowledgement_ = false;
};

}  // namespace processors::testing
