// Batches as the public topic `batches` has them, out of their events alone.
#pragma once

#include <map>
#include <optional>

#include "core/event.h"
#include "processors/projector/public_events.h"
#include "schemas/public_records.h"

namespace ops::brctl {

// Threading: one thread. Memory: the batches that have not ended.
class BatchRecords {
 public:
  // Takes an event of any kind; answers the record of the batch that ended with it. Events of one batch come in order.
  std::optional<schemas::PublicBatch> take(const processors::EventPlace& place, const core::Event& event);

  // Those that have not ended. Counts, tokens and money are those of their closed work units.
  const std::map<core::BatchId, schemas::PublicBatch>& open() const { return open_; }

 private:
  schemas::PublicBatch* find(const processors::EventPlace& place, const core::BatchId& id);

  std::map<core::BatchId, schemas::PublicBatch> open_;
};

}  // namespace ops::brctl
