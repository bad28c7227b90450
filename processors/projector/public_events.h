// Journal events -> records of the public topics. Pure but for the lookup that it is handed.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "core/batch/state.h"
#include "core/event.h"
#include "core/result.h"
#include "processors/ports/public_log.h"
#include "schemas/public_records.h"

namespace processors {

// Where an event stands in the journal, and its log time.
struct EventPlace {
  core::Partition partition;
  core::Offset offset;
  std::uint32_t index = 0;  // in its group
  core::Timestamp time;
};

// What an event says only by pointing at it. The row may be newer than the event.
struct UnitFacts {
  core::batch::Unit unit;
  core::quote::Route route;
};
using FindUnit = std::function<core::Result<UnitFacts>(const core::OrgId&, const core::BatchId&, core::UnitIndex)>;

// The records of ledger, quotes and dispatch that one event makes: none, one, or the two legs of a transfer.
// Errors: those of `find_unit`.
core::Result<std::vector<PublicRecord>> public_records(const EventPlace& place, const core::Event& event,
                                                       const FindUnit& find_unit);

// What those of `ledger` and `quotes` hold.
std::array<schemas::PublicPosting, 2> public_postings(const EventPlace& place,
                                                      const core::ledger::TransferPosted& event);
schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteLocked& event);
schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteConsumed& event);
schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteExpired& event);

// The batch whose state the event changes.
struct TouchedBatch {
  core::OrgId org;
  core::BatchId batch;
};
std::optional<TouchedBatch> touched_batch(const core::Event& event);

// The record of `batches`, for the event that had it published.
PublicRecord public_record(const EventPlace& place, const core::batch::Batch& batch);

}  // namespace processors
