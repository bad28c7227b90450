// Where the fold of a partition is kept: rows of bytes in key order. Disposable; the journal can rebuild it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"

namespace processors {

struct RowChange {
  std::string key;
  std::optional<std::string> value;  // absent: the row is deleted
};

// Threading: reads from any thread at any time; write and wipe of one partition from one thread at a time.
// Durability: a crash may lose the newest writes, never one in the middle: what survives is a prefix in write order.
class StateStore {
 public:
  // Returns false to stop the scan.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;

  virtual ~StateStore() = default;

  virtual core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const = 0;

  // Rows with from <= key < to in key order, over one consistent snapshot.
  virtual core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const = 0;

  // The same rows, last key first.
  virtual core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                          const Visit& visit) const = 0;

  // All of the changes, or none.
  virtual core::Result<void> write(core::Partition partition, const std::vector<RowChange>& changes) = 0;

  // Forgets the whole partition.
  virtual core::Result<void> wipe(core::Partition partition) = 0;

  // Makes everything written so far durable; at a clean stop.
  virtual core::Result<void> flush() = 0;
};

}  // namespace processors
