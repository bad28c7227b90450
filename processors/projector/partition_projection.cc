#include "processors/projector/partition_projection.h"

#include <iterator>
#include <utility>

#include "core/command.h"
#include "schemas/journal_codec.h"

namespace processors {

PartitionProjection::PartitionProjection(core::Partition partition, JournalReader& journal, PublicLog& log,
                                         const StateReader& state, Metrics& metrics)
    : partition_(partition), journal_(journal), log_(log), state_(state), metrics_(metrics) {}

core::Result<PartitionProjection::Step> PartitionProjection::step(core::Offset end) {
  if (!begun_) {
    if (auto begun = begin(); begun.has_error()) return begun.error();
  }
  if (begun_->next == end) return Step{end, false, false};
  // Taken until everything is known to have gone well: after any error the topics say what was published.
  const PublicProgress at = *std::exchange(begun_, std::nullopt);
  if (at.next > end)
    return core::Error{core::ErrorCode::unavailable,
                       "published up to offset " + std::to_string(at.next.value()) +
                           " of the journal, confirmed here up to " + std::to_string(end.value()) +
                           ": another process owns the partition by now; or, if this goes on, the journal is not the "
                           "one that the public topics were made from"};
  core::Result<Batch> batch = collect(at, end);
  if (batch.has_error()) return batch.error();
  if (auto published = log_.publish(partition_, batch->records, batch->progress); published.has_error())
    return published.error();
  for (const PublicRecord& record : batch->records)
    metrics_.count("batchrouter_projector_records_total", {{"topic", record.topic}});
  begun_ = std::move(batch->progress);
  return Step{begun_->next, true, begun_->next < end};
}

void PartitionProjection::end() {
  begun_.reset();
  log_.end(partition_);
}

core::Result<void> PartitionProjection::begin() {
  const auto progress = log_.begin(partition_);
  if (progress.has_error()) return progress.error();
  begun_ = progress->value_or(PublicProgress{});
  return {};
}

core::Result<PartitionProjection::Batch> PartitionProjection::collect(const PublicProgress& from,
                                                                      core::Offset end) const {
  Batch batch{from, {}, {}, 0};
  std::optional<core::Error> failure;
  const auto visit = [&](const StoredRecord& stored) {
    if (stored.offset >= end) return false;
    if (const auto added = add(batch, stored); added.has_error()) failure = added.error();
    return !failure && !batch.full() && batch.progress.next < end;
  };
  const auto read = journal_.read(partition_, from.next, visit);
  // What comes before the trouble is published first; the next step then meets it alone.
  if (batch.progress.next == from.next) {
    if (failure) return *failure;
    if (read.has_error()) return read.error();
    return core::Error{core::ErrorCode::unavailable, "the journal does not give the records that were confirmed"};
  }
  if (auto added = add_batches(batch); added.has_error()) return added.error();
  return batch;
}

// All of a journal record or, on an error, nothing of it.
core::Result<void> PartitionProjection::add(Batch& batch, const StoredRecord& stored) const {
  const JournalRecord& record = stored.record;
  std::vector<schemas::RecordedEvent> events;
  const bool counted = counts(record, batch.progress.epoch, batch.progress.instance);
  if (counted) {
    core::Result<std::vector<schemas::RecordedEvent>> decoded = schemas::decode_group(record.value);
    if (decoded.has_error())
      return core::Error{decoded.error().code, "partition " + std::to_string(partition_.value()) + ", offset " +
                                                   std::to_string(stored.offset.value()) + ": " +
                                                   decoded.error().detail};
    events = std::move(*decoded);
  }
  const FindUnit lookup = [this](const core::OrgId& org, const core::BatchId& id, core::UnitIndex unit) {
    return find_unit(org, id, unit);
  };
  EventPlace place{partition_, stored.offset, 0, record.time};
  std::vector<PublicRecord> made;
  for (const schemas::RecordedEvent& event : events) {
    core::Result<std::vector<PublicRecord>> records = public_records(place, event.event, lookup);
    if (records.has_error()) return records.error();
    std::move(records->begin(), records->end(), std::back_inserter(made));
    ++place.index;
  }
  place.index = 0;
  for (const schemas::RecordedEvent& event : events) {
    if (auto touched = touched_batch(event.event))
      batch.touched.insert_or_assign(touched->batch, std::pair(place, touched->org));
    ++place.index;
  }
  for (PublicRecord& one : made) batch.add(std::move(one));
  batch.progress.next = core::Offset(stored.offset.value() + 1);
  if (counted) {
    batch.progress.epoch = record.epoch;
    batch.progress.instance = record.instance;
  }
  return {};
}

core::Result<void> PartitionProjection::add_batches(Batch& batch) const {
  for (const auto& [id, touched] : batch.touched) {
    const auto& [place, org] = touched;
    const core::Result<core::batch::Batch> row = find_batch(org, id);
    if (row.has_error()) return row.error();
    batch.add(public_record(place, *row));
  }
  return {};
}

namespace {

// The state has applied what is projected, so a row that is not there is being built anew.
core::Error not_there(const core::BatchId& batch) {
  return {core::ErrorCode::unavailable, "the state does not know " + batch.value() + " yet"};
}

}  // namespace

core::Result<core::batch::Batch> PartitionProjection::find_batch(const core::OrgId& org,
                                                                 const core::BatchId& id) const {
  core::Result<std::optional<core::batch::Batch>> row =
      state_.find<core::batch::Batch>(core::aggregate_of(org), {org, id});
  if (row.has_error()) return row.error();
  if (!*row) return not_there(id);
  return std::move(**row);
}

core::Result<UnitFacts> PartitionProjection::find_unit(const core::OrgId& org, const core::BatchId& id,
                                                       core::UnitIndex index) const {
  core::Result<std::optional<core::batch::Unit>> unit =
      state_.find<core::batch::Unit>(core::aggregate_of(org), {org, id, index});
  if (unit.has_error()) return unit.error();
  if (!*unit) return not_there(id);
  core::Result<core::batch::Batch> batch = find_batch(org, id);
  if (batch.has_error()) return batch.error();
  if ((*unit)->route >= batch->plan.routes.size()) return not_there(id);
  UnitFacts facts;
  facts.route = std::move(batch->plan.routes[(*unit)->route]);
  facts.unit = std::move(**unit);
  return facts;
}

}  // namespace processors
