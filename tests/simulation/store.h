// A state store in memory that survives a crash as RocksDB without a write-ahead log does: as a prefix of its writes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "processors/ports/state_store.h"
#include "tests/simulation/chance.h"

namespace simulation {

// What a machine's disk has of the state. It outlives the processes that use it.
class Store final : public processors::StateStore {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const override {
    const Rows& rows = rows_of(partition);
    const auto row = rows.find(key);
    if (row == rows.end()) return std::optional<std::string>{};
    return std::optional(row->second);
  }
  core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                          const Visit& visit) const override {
    const Rows& rows = rows_of(partition);
    for (auto row = rows.lower_bound(from); row != rows.end() && row->first < to; ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }
  core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const override {
    const Rows& rows = rows_of(partition);
    const auto begin = rows.lower_bound(from);
    for (auto row = rows.lower_bound(to); row != begin;) {
      --row;
      if (row->first < from || !visit(row->first, row->second)) break;
    }
    return {};
  }
  core::Result<void> write(core::Partition partition, const std::vector<processors::RowChange>& changes) override {
    if (failing_) return core::Error{core::ErrorCode::storage_failed, "the disk of the state is gone"};
    Part& part = parts_[partition];
    apply(part.rows, changes);
    part.unflushed.push_back(changes);
    if (part.unflushed.size() > unflushed_max) flush(part);
    return {};
  }
  core::Result<void> wipe(core::Partition partition) override {
    if (!failing_) parts_[partition] = {};
    return {};
  }
  core::Result<void> flush() override {
    if (failing_) return {};
    for (auto& [partition, part] : parts_) flush(part);
    return {};
  }

  // The process ends, and can write no more. Each partition keeps a prefix of what was written since it was flushed.
  void crash(Chance& chance) {
    failing_ = true;
    for (auto& [partition, part] : parts_) {
      const std::size_t kept = chance.between(0, part.unflushed.size());
      if (kept < part.unflushed.size()) {
        for (std::size_t i = 0; i < kept; ++i) apply(part.flushed, part.unflushed[i]);
        part.rows = part.flushed;
      }
      flush(part);
    }
  }
  // Every write fails, until another process begins.
  void fail() { failing_ = true; }
  void begin() { failing_ = false; }

  const Rows& rows_of(core::Partition partition) const {
    static const Rows none;
    const auto found = parts_.find(partition);
    return found == parts_.end() ? none : found->second.rows;
  }

 private:
  static constexpr std::size_t unflushed_max = 400;

  struct Part {
    Rows rows;
    Rows flushed;
    std::deque<std::vector<processors::RowChange>> unflushed;
  };

  static void apply(Rows& rows, const std::vector<processors::RowChange>& changes) {
    for (const processors::RowChange& change : changes) {
      if (change.value)
        rows[change.key] = *change.value;
      else
        rows.erase(change.key);
    }
  }
  static void flush(Part& part) {
    part.flushed = part.rows;
    part.unflushed.clear();
  }

  std::map<core::Partition, Part> parts_;
  bool failing_ = false;
};

}  // namespace simulation
