#include "processors/fold.h"

#include <utility>

#include "core/decide.h"
#include "core/mutant.h"
#include "processors/chain.h"
#include "schemas/digest.h"

namespace processors {

const std::string unknown_chain(32, '\0');

namespace {

const std::string no_chain(64, '0');

std::string place_of(core::Partition partition, core::Offset offset) {
  return "partition " + std::to_string(partition.value()) + ", offset " + std::to_string(offset.value());
}

}  // namespace

Fold::Fold(StateStore& store, core::Partition partition)
    : store_(store), partition_(partition), overlay_(store, partition) {
  position_.chain = no_chain;
}

core::Result<void> Fold::load() {
  const auto stored = store_.get(partition_, schemas::position_key);
  if (stored.has_error()) return stored.error();
  if (!*stored) return {};
  core::Result<schemas::Position> position = schemas::decode_position(**stored);
  if (position.has_error()) return position.error();
  position_ = std::move(*position);
  return {};
}

core::Result<bool> Fold::take(const StoredRecord& stored) {
  const JournalRecord& record = stored.record;
  events_.clear();
  position_.next = core::Offset(stored.offset.value() + 1);
  if (!counts(record, position_.epoch, position_.instance)) return false;
  const bool opens = record.epoch > position_.epoch;
  const std::string chain = chain_of(position_.chain, record);
  if (record.chain != chain && !(opens && record.chain == unknown_chain))
    return core::Error{core::ErrorCode::log_corrupt,
                       "the hash chain of the journal is broken at " + place_of(partition_, stored.offset) +
                           ": a record was changed or is missing, or the state was made from another journal"};
  if (const auto applied = apply(stored, opens); applied.has_error())
    return core::Error{applied.error().code, place_of(partition_, stored.offset) + ": " + applied.error().detail};
  position_.epoch = record.epoch;
  position_.instance = record.instance;
  position_.time = record.time;
  position_.chain = schemas::to_hex(chain);
  return true;
}

core::Result<void> Fold::apply(const StoredRecord& stored, bool opens) {
  core::Result<std::vector<schemas::RecordedEvent>> events = schemas::decode_group(stored.record.value);
  if (events.has_error()) return core::Error{core::ErrorCode::malformed_event, events.error().detail};
  events_ = std::move(*events);
  events_unwritten_ += events_.size();
  if (opens) {
    const auto* opened = events_.empty() ? nullptr : std::get_if<core::PartitionOpened>(&events_.front().event);
    if (opened == nullptr || opened->epoch != stored.record.epoch)
      return core::Error{core::ErrorCode::log_corrupt, "an epoch begins without an owner"};
  }
  for (const schemas::RecordedEvent& event : events_) {
    const core::Timestamp time = MUTANT(25) ? position_.time : stored.record.time;
    const core::Result<void> applied = core::apply(overlay_, time, event.aggregate, event.event);
    if (applied.has_error()) return applied;
    if (overlay_.failure()) return *overlay_.failure();
  }
  return {};
}

void Fold::appended(core::Offset offset, const JournalRecord& record) {
  position_.next = core::Offset(offset.value() + 1);
  position_.time = record.time;
  position_.chain = schemas::to_hex(record.chain);
}

core::Result<void> Fold::write() {
  events_unwritten_ = 0;
  std::vector<RowChange> changes;
  overlay_.take_changes(changes);
  if (MUTANT(3)) {
    if (auto written = store_.write(partition_, std::exchange(changes, {})); written.has_error()) return written;
  }
  changes.push_back({schemas::position_key, schemas::encode_position(position_)});
  return store_.write(partition_, changes);
}

}  // namespace processors
