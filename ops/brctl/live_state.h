// The rows of partitions as they are now, without asking the service and whether or not it runs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "ops/brctl/source.h"
#include "ops/config.h"
#include "processors/fold.h"
#include "processors/ports/state_store.h"

namespace ops::brctl {

// What a service on this machine has flushed of its state, read beside it, and the records that came after that, folded
// over it in memory, up to the journal's end as it is met. Where there is no state that can be read, the journal is
// folded from its beginning: slower, and all rows are in memory then.
//
// Threading: one thread. Nothing outside is changed. Memory: rows that the journal's tail has touched.
class LiveState final : public processors::StateStore {
 public:
  // `only`: the one partition that will be read; else all. Errors: those of reading the journal and of folding it.
  static core::Result<std::unique_ptr<LiveState>> open(const Config& config, Source& source,
                                                       std::optional<core::Partition> only = std::nullopt);

  // Why there is no state to begin with; empty when there is one.
  const std::string& missing() const { return missing_; }

  struct Standing {
    core::Offset flushed;  // next record after what the state on disk has
    core::Offset next;     // and after what the journal has
  };
  Standing standing(core::Partition partition) const { return parts_[partition.value()].standing; }

  core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const override;
  core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                          const Visit& visit) const override;
  core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const override;

  // In memory only.
  core::Result<void> write(core::Partition partition, const std::vector<processors::RowChange>& changes) override;
  core::Result<void> wipe(core::Partition partition) override;
  core::Result<void> flush() override { return {}; }

 private:
  using Rows = std::map<std::string, std::optional<std::string>, std::less<>>;  // absent value: deleted

  struct Part {
    Standing standing;
    Rows changed;
  };

  LiveState(std::unique_ptr<processors::StateStore> flushed, std::string missing, std::uint32_t partitions);

  core::Result<void> fold_tail(processors::JournalReader& journal, core::Partition partition);
  core::Result<void> fold_all(Source& source);

  const std::unique_ptr<processors::StateStore> flushed_;  // null: there is none
  const std::string missing_;
  std::vector<Part> parts_;
};

}  // namespace ops::brctl
