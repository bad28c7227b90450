// A journal in memory that does what a log may do: fail, lose an acknowledgement, take its time, be damaged.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "processors/ports/journal.h"

namespace processors::testing {

// Threading: one thread at a time.
class FakeJournal final : public Journal {
 public:
  core::Result<core::Offset> open(core::Partition partition, Lost lost) override {
    if (std::exchange(fail_next_open_, false))
      return core::Error{core::ErrorCode::unavailable, "the journal cannot be reached"};
    lost_[partition] = std::move(lost);
    return end(partition);
  }
  void close(core::Partition partition) override { lost_.erase(partition); }

  void append(core::Partition partition, JournalRecord record, Confirmed confirmed) override {
    const core::Error failed{core::ErrorCode::storage_failed, "the disk is gone"};
    if (before_next_append_) std::exchange(before_next_append_, nullptr)();
    if (overloads_ > 0) {
      --overloads_;
      return confirmed(core::Error{core::ErrorCode::overloaded, "too much waits"});
    }
    if (std::exchange(fail_next_append_, false)) return confirmed(failed);
    if (std::exchange(hold_back_next_append_, false)) {
      held_back_.emplace(partition, std::move(record));
      return confirmed(core::Error{core::ErrorCode::unavailable, "nothing is known of it"});
    }
    records_[partition].push_back(std::move(record));
    if (std::exchange(lose_next_acknowledgement_, false)) return confirmed(failed);
    const core::Offset offset(end(partition).value() - 1);
    if (holding_)
      held_.emplace_back(std::move(confirmed), offset);
    else
      confirmed(offset);
  }

  core::Result<core::Offset> first(core::Partition partition) override { return first_[partition]; }

  core::Result<core::Offset> read(core::Partition partition, core::Offset from, const Visit& visit) override {
    if (from < first_[partition]) return core::Error{core::ErrorCode::log_corrupt, "the records were trimmed away"};
    core::Offset offset = from;
    while (offset < end(partition)) {
      const StoredRecord stored{offset, at(partition, offset)};
      offset = core::Offset(offset.value() + 1);
      if (!visit(stored)) break;
    }
    return offset;
  }

  core::Result<void> trim(core::Partition partition, core::Offset before) override {
    first_[partition] = std::max(first_[partition], std::min(before, end(partition)));
    return {};
  }

  // Nothing is stored, and the writer is told.
  void fail_next_append() { fail_next_append_ = true; }
  // The record is stored, and the writer is told that it may not be.
  void lose_next_acknowledgement() { lose_next_acknowledgement_ = true; }
  void fail_next_open() { fail_next_open_ = true; }
  // Nothing is stored, and the writer is told to come again.
  void overload_next_appends(int count) { overloads_ = count; }
  // As another writer does who is faster.
  void before_next_append(std::function<void()> act) { before_next_append_ = std::move(act); }
  // The writer is told that the outcome is not known; the record arrives when deliver_late() is called.
  void hold_back_next_append() { hold_back_next_append_ = true; }
  bool holds_back() const { return held_back_.has_value(); }
  void deliver_late() {
    records_[held_back_->first].push_back(std::move(held_back_->second));
    held_back_.reset();
  }
  void lose(core::Partition partition, core::ErrorCode code) {
    if (const auto found = lost_.find(partition); found != lost_.end() && found->second)
      std::exchange(found->second, nullptr)(core::Error{code, "the journal is lost"});
  }
  // Records are stored but not confirmed until they are released.
  void hold_confirmations() { holding_ = true; }
  void release() {
    holding_ = false;
    for (auto& [confirmed, offset] : std::exchange(held_, {})) confirmed(offset);
  }

  core::Offset end(core::Partition partition) const {
    const auto found = records_.find(partition);
    return core::Offset(found == records_.end() ? 0 : static_cast<std::int64_t>(found->second.size()));
  }
  JournalRecord& at(core::Partition partition, core::Offset offset) {
    return records_.at(partition).at(static_cast<std::size_t>(offset.value()));
  }
  void cut_off(core::Partition partition, core::Offset end) {
    records_.at(partition).resize(static_cast<std::size_t>(end.value()));
  }

 private:
  std::map<core::Partition, core::Offset> first_;
  std::map<core::Partition, std::vector<JournalRecord>> records_;
  std::map<core::Partition, Lost> lost_;
  std::function<void()> before_next_append_;
  bool hold_back_next_append_ = false;
  std::optional<std::pair<core::Partition, JournalRecord>> held_back_;
  int overloads_ = 0;
  bool fail_next_open_ = false;
  bool fail_next_append_ = false;
  bool lose_next_acknowledgement_ = false;
  bool holding_ = false;
  std::vector<std::pair<Confirmed, core::Offset>> held_;
};

}  // namespace processors::testing
