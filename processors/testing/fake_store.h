// A state store in a map. A copy of it is an older state to start from.
#pragma once

#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "processors/ports/state_store.h"

namespace processors::testing {

// Threading: any thread, but for rows().
class FakeStore final : public StateStore {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  FakeStore() = default;
  FakeStore(const FakeStore& other) { *this = other; }
  FakeStore& operator=(const FakeStore& other) {
    const std::scoped_lock lock(mutex_, other.mutex_);
    rows_ = other.rows_;
    unreadable_ = other.unreadable_;
    fail_next_write_ = other.fail_next_write_;
    return *this;
  }

  core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    if (!unreadable_.empty() && key.starts_with(unreadable_)) return failed();
    const Rows& rows = this->rows(partition);
    const auto found = rows.find(key);
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }

  core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                          const Visit& visit) const override {
    const Rows snapshot = copy_of(partition);
    for (auto row = snapshot.lower_bound(from); row != snapshot.end() && row->first < to; ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }

  core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const override {
    const Rows snapshot = copy_of(partition);
    for (auto row = std::make_reverse_iterator(snapshot.lower_bound(to)); row != snapshot.rend() && row->first >= from;
         ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }

  core::Result<void> write(core::Partition partition, const std::vector<RowChange>& changes) override {
    const std::lock_guard lock(mutex_);
    if (std::exchange(fail_next_write_, false)) return failed();
    for (const RowChange& change : changes) {
      if (change.value)
        rows_[partition][change.key] = *change.value;
      else
        rows_[partition].erase(change.key);
    }
    return {};
  }

  core::Result<void> wipe(core::Partition partition) override {
    const std::lock_guard lock(mutex_);
    rows_.erase(partition);
    return {};
  }

  core::Result<void> flush() override { return {}; }

  void fail_next_write() { fail_next_write_ = true; }
  // Rows whose key begins like this cannot be got.
  void make_unreadable(std::string prefix) { unreadable_ = std::move(prefix); }

  const Rows& rows(core::Partition partition) const {
    static const Rows none;
    const auto found = rows_.find(partition);
    return found == rows_.end() ? none : found->second;
  }

 private:
  static core::Error failed() { return {core::ErrorCode::storage_failed, "the disk is gone"}; }

  Rows copy_of(core::Partition partition) const {
    const std::lock_guard lock(mutex_);
    return rows(partition);
  }

  mutable std::mutex mutex_;
  std::map<core::Partition, Rows> rows_;
  std::string unreadable_;
  bool fail_next_write_ = false;
};

}  // namespace processors::testing
