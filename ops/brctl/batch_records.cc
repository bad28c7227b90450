#include "ops/brctl/batch_records.h"

#include <algorithm>
#include <utility>

namespace ops::brctl {

namespace {

using core::batch::Phase;
using schemas::PublicBatch;

void advance(PublicBatch& batch, Phase phase) {
  batch.status = std::max(batch.status, phase);
}

void add(PublicBatch& batch, const core::batch::Progress& unit) {
  batch.succeeded += unit.tally.succeeded;
  batch.failed += unit.tally.failed;
  batch.exhausted += unit.tally.exhausted;
  batch.cancelled += unit.tally.cancelled;
  batch.expired += unit.tally.expired;
  batch.remaining -= std::min(batch.remaining, unit.tally.total());
  batch.input_tokens += unit.input_tokens;
  batch.output_tokens += unit.output_tokens;
  batch.charged = batch.charged + unit.charged;
  batch.provider_cost = batch.provider_cost + unit.provider_cost;
}

PublicBatch begin(const core::batch::BatchAccepted& event, core::Timestamp time) {
  PublicBatch batch;
  batch.batch = event.batch;
  batch.org = event.org;
  batch.quote = event.quote;
  batch.item_count = batch.remaining = event.plan.item_count;
  batch.unit_count = event.plan.unit_count;
  batch.quoted = event.plan.total;
  batch.currency = "usd";
  batch.sla_tier = event.terms.sla_tier;
  batch.routing_mode = event.terms.routing_mode;
  batch.privacy_tier = event.terms.privacy_tier;
  batch.retry_of = event.retry_of;
  batch.created_at = time;
  batch.deadline = event.deadline;
  return batch;
}

}  // namespace

PublicBatch* BatchRecords::find(const processors::EventPlace& place, const core::BatchId& id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return nullptr;
  found->second.partition = place.partition;
  found->second.offset = place.offset;
  found->second.index = place.index;
  return &found->second;
}

std::optional<PublicBatch> BatchRecords::take(const processors::EventPlace& place, const core::Event& event) {
  if (const auto* accepted = std::get_if<core::batch::BatchAccepted>(&event))
    open_[accepted->batch] = begin(*accepted, place.time);
  const auto touched = processors::touched_batch(event);
  PublicBatch* batch = touched ? find(place, touched->batch) : nullptr;
  if (batch == nullptr) return std::nullopt;

  if (std::holds_alternative<core::batch::BatchQueued>(event)) {
    advance(*batch, Phase::queued);
  } else if (std::holds_alternative<core::batch::UnitsPlanned>(event)) {
    advance(*batch, Phase::routing);
  } else if (std::holds_alternative<core::batch::UnitDispatched>(event)) {
    advance(*batch, Phase::dispatched);
    if (!batch->dispatched_at) batch->dispatched_at = place.time;
  } else if (const auto* progressed = std::get_if<core::batch::UnitProgressed>(&event)) {
    if (progressed->progress.tally.total() > 0) advance(*batch, Phase::processing);
  } else if (const auto* closed = std::get_if<core::batch::UnitClosed>(&event)) {
    add(*batch, closed->progress);
    advance(*batch, ++batch->units_closed == batch->unit_count ? Phase::completing : Phase::processing);
  } else if (const auto* stopped = std::get_if<core::batch::StopRequested>(&event)) {
    batch->stop = stopped->reason;
    batch->stop_requested_at = place.time;
  } else if (const auto* ended = std::get_if<core::batch::BatchEnded>(&event)) {
    batch->status = ended->phase;
    batch->captured = ended->captured;
    batch->released = ended->released;
    batch->ended_at = place.time;
    return std::move(open_.extract(touched->batch).mapped());
  }
  return std::nullopt;
}

}  // namespace ops::brctl
