// Brings one partition's journal to the public topics, a bounded batch of whole journal records at a time.
//
// Threading: one thread at a time; step() blocks.
// Delivery:  each record of ledger, quotes and dispatch exactly once for readers of what is committed, because the
//            progress is committed with them; of batches, each batch's newest state after everything published.
// Requires:  state that has applied everything below the `end` that step() is given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/state.h"
#include "processors/ports/journal.h"
#include "processors/ports/metrics.h"
#include "processors/ports/public_log.h"
#include "processors/projector/public_events.h"
#include "processors/state_reader.h"

namespace processors {

class PartitionProjection {
 public:
  // A batch is full with either; it then ends with the journal record that filled it.
  static constexpr std::size_t batch_records_full = 1'000;
  static constexpr std::size_t batch_bytes_full = 1u << 20;

  struct Step {
    core::Offset next;  // of the first journal record that is not published
    bool published = false;
    bool full = false;  // there is more to publish at once
  };

  // All must outlive the projection.
  PartitionProjection(core::Partition partition, JournalReader& journal, PublicLog& log, const StateReader& state,
                      Metrics& metrics);

  // Publishes what comes next, up to `end`, the offset after the last record known to be confirmed. After an error the
  // next call begins again. Errors:
  //   malformed_event, log_corrupt   the journal cannot be read at a place that the text names: nothing beyond it can
  //                                  be published
  //   configuration_invalid          for a person to mend
  //   fenced, unavailable and others try again after a while
  core::Result<Step> step(core::Offset end);

  // Lets another publish the partition.
  void end();

 private:
  // What one transaction will hold.
  struct Batch {
    PublicProgress progress;
    std::vector<PublicRecord> records;
    std::map<core::BatchId, std::pair<EventPlace, core::OrgId>> touched;  // by the last event of each
    std::size_t bytes = 0;

    void add(PublicRecord record) {
      bytes += record.key.size() + record.value.size();
      records.push_back(std::move(record));
    }
    bool full() const { return records.size() + touched.size() >= batch_records_full || bytes >= batch_bytes_full; }
  };

  core::Result<void> begin();
  core::Result<Batch> collect(const PublicProgress& from, core::Offset end) const;
  core::Result<void> add(Batch& batch, const StoredRecord& stored) const;
  core::Result<void> add_batches(Batch& batch) const;
  core::Result<UnitFacts> find_unit(const core::OrgId& org, const core::BatchId& batch, core::UnitIndex unit) const;
  core::Result<core::batch::Batch> find_batch(const core::OrgId& org, const core::BatchId& batch) const;

  const core::Partition partition_;
  JournalReader& journal_;
  PublicLog& log_;
  const StateReader& state_;
  Metrics& metrics_;
  std::optional<PublicProgress> begun_;  // and published up to
};

}  // namespace processors
