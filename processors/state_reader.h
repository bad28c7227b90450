// Reads what has been applied, from any thread: the query side.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/command.h"
#include "processors/ports/state_store.h"
#include "schemas/row_codec.h"

namespace processors {

enum class Order { oldest_first, newest_first };

// Knows which partitions are served. Threading: any thread.
class PartitionHealth {
 public:
  virtual ~PartitionHealth() = default;
  // Why the partition is not served; nullopt while it is.
  virtual std::optional<core::Error> halted(core::Partition partition) const = 0;
};

// What is kept of a halted partition may be old, or nothing: it is not read. Every read answers unavailable then.
class StateReader {
 public:
  // Both must outlive the reader; without `health` every partition counts as served.
  StateReader(const StateStore& store, std::uint32_t partition_count, const PartitionHealth* health = nullptr)
      : store_(store), partition_count_(partition_count), health_(health) {}

  core::Partition partition(const core::AggregateKey& aggregate) const {
    return core::partition_of(aggregate, partition_count_);
  }

  template <class Row>
  core::Result<std::optional<Row>> find(const core::AggregateKey& aggregate, const typename Row::Key& key) const {
    if (const auto served = check_served(aggregate); served.has_error()) return served.error();
    const auto bytes = store_.get(partition(aggregate), schemas::row_key<Row>(key));
    if (bytes.has_error()) return bytes.error();
    if (!*bytes) return std::optional<Row>{};
    core::Result<Row> row = schemas::decode_row<Row>(**bytes);
    if (row.has_error()) return row.error();
    return std::optional<Row>(std::move(*row));
  }

  // Visits rows whose key begins with `prefix` (of row_prefix) and lies beyond `after` (a whole key of row_key; empty:
  // from the beginning), until `visit` returns false.
  template <class Row, class Visit>
  core::Result<void> list(const core::AggregateKey& aggregate, const std::string& prefix, const std::string& after,
                          Order order, Visit visit) const {
    if (const auto served = check_served(aggregate); served.has_error()) return served;
    std::string from = prefix;
    std::string to = schemas::prefix_end(prefix);
    if (!after.empty()) (order == Order::oldest_first ? from : to) = after;
    std::optional<core::Error> failure;
    const auto visit_row = [&](std::string_view key, std::string_view value) {
      if (key == after) return true;
      core::Result<Row> row = schemas::decode_row<Row>(value);
      if (row.has_error()) failure = row.error();
      return !failure && visit(std::move(*row));
    };
    const core::Result<void> scanned = order == Order::oldest_first
                                           ? store_.scan(partition(aggregate), from, to, visit_row)
                                           : store_.scan_reverse(partition(aggregate), from, to, visit_row);
    if (failure) return *failure;
    return scanned;
  }

  // Visits the rows of one kind of all partitions that are served here, from the key `from` on, one partition after
  // the other. Answers how many partitions that were.
  template <class Row, class Visit>
  core::Result<std::uint32_t> list_served(const std::string& from, Visit visit) const {
    const std::string to = schemas::prefix_end(schemas::row_prefix<Row>());
    std::uint32_t served = 0;
    for (std::uint32_t number = 0; number < partition_count_; ++number) {
      const core::Partition partition(number);
      if (health_ != nullptr && health_->halted(partition)) continue;
      std::optional<core::Error> failure;
      const core::Result<void> scanned =
          store_.scan(partition, from, to, [&](std::string_view, std::string_view value) {
            core::Result<Row> row = schemas::decode_row<Row>(value);
            if (row.has_error())
              failure = row.error();
            else
              visit(std::move(*row));
            return !failure;
          });
      if (failure) return *failure;
      if (scanned.has_error()) return scanned.error();
      ++served;
    }
    return served;
  }

  // The first row with that key in any partition that is served here.
  template <class Row>
  core::Result<std::optional<Row>> find_served(const typename Row::Key& key) const {
    for (std::uint32_t number = 0; number < partition_count_; ++number) {
      const core::Partition partition(number);
      if (health_ != nullptr && health_->halted(partition)) continue;
      const auto bytes = store_.get(partition, schemas::row_key<Row>(key));
      if (bytes.has_error()) return bytes.error();
      if (!*bytes) continue;
      core::Result<Row> row = schemas::decode_row<Row>(**bytes);
      if (row.has_error()) return row.error();
      return std::optional<Row>(std::move(*row));
    }
    return std::optional<Row>{};
  }

  std::uint32_t partition_count() const { return partition_count_; }

 private:
  core::Result<void> check_served(const core::AggregateKey& aggregate) const {
    if (health_ == nullptr || !health_->halted(partition(aggregate))) return {};
    return core::Error{core::ErrorCode::unavailable,
                       "this partition is halted and answers nothing; the operator finds the reason in /readyz"};
  }

  const StateStore& store_;
  std::uint32_t partition_count_;
  const PartitionHealth* health_;
};

}  // namespace processors
