// How a partition loop begins: the fold of the journal's tail, and the takeover.
#include <future>
#include <utility>

#include "processors/chain.h"
#include "processors/partition_loop.h"
#include "schemas/digest.h"

namespace processors {

namespace {

constexpr std::size_t records_per_write = 256;  // in recovery

// Of a record that opens an epoch: its writer cannot know what will come before it. The next record's chain covers it.
const std::string unknown_chain(32, '\0');

core::Error unavailable(const std::string& why) {
  return {core::ErrorCode::unavailable, why};
}

}  // namespace

core::Result<void> PartitionLoop::check_wanted() const {
  if (!settings_.wanted || settings_.wanted()) return {};
  return unavailable("the partition was assigned away");
}

core::Result<void> PartitionLoop::recover() {
  if (const auto wanted = check_wanted(); wanted.has_error()) return wanted;
  const core::Result<core::Offset> end =
      journal_.open(settings_.partition, [weak = weak_from_this()](const core::Error& error) {
        if (const auto self = weak.lock()) boost::asio::post(self->strand_, [self, error] { self->halt(error); });
      });
  core::Result<void> recovered;
  if (end.has_error()) recovered = end.error();
  if (recovered.has_value()) recovered = load_position(*end);
  if (recovered.has_value()) recovered = replay(*end);
  if (recovered.has_value()) recovered = take_over();
  return recovered;
}

core::Result<void> PartitionLoop::load_position(core::Offset end) {
  const auto stored = store_.get(settings_.partition, schemas::position_key);
  if (stored.has_error()) return stored.error();
  if (*stored) {
    core::Result<schemas::Position> position = schemas::decode_position(**stored);
    if (position.has_error()) return position.error();
    position_ = std::move(*position);
  }
  if (position_.next <= end) return {};
  return core::Error{
      core::ErrorCode::log_corrupt,
      "the journal of partition " + std::to_string(settings_.partition.value()) + " ends at offset " +
          std::to_string(end.value()) + " but the state has applied it up to " +
          std::to_string(position_.next.value()) +
          ": records are missing, or this is another journal (a topic that was deleted and made again). Restore the "
          "journal; only if that loss is accepted, remove the state folder and start again"};
}

// Applies what lies before `until`, and what was appended behind it meanwhile.
core::Result<void> PartitionLoop::replay(core::Offset until) {
  std::optional<core::Error> failure;
  std::size_t unwritten = 0;
  const auto visit = [&](const StoredRecord& stored_record) {
    core::Result<void> applied = check_wanted();
    if (applied.has_value()) applied = apply_record(stored_record);
    if (applied.has_value() && ++unwritten >= records_per_write) {
      unwritten = 0;
      applied = write_changes();
    }
    if (applied.has_error()) failure = applied.error();
    return !failure.has_value();
  };
  const auto read = journal_.read(settings_.partition, position_.next, visit);
  if (failure) return *failure;
  if (read.has_error()) return read.error();
  if (position_.next < until)
    return core::Error{core::ErrorCode::unavailable, "the journal could not be read up to its end"};
  return write_changes();
}

std::string PartitionLoop::place_of(core::Offset offset) const {
  return "partition " + std::to_string(settings_.partition.value()) + ", offset " + std::to_string(offset.value());
}

core::Result<void> PartitionLoop::apply_record(const StoredRecord& stored) {
  const JournalRecord& record = stored.record;
  const std::string where = place_of(stored.offset);
  position_.next = core::Offset(stored.offset.value() + 1);
  if (!counts(record, position_.epoch, position_.instance)) {
    metrics_.count("batchrouter_journal_ignored_records_total", {});
    return {};
  }
  const bool opens = record.epoch > position_.epoch;
  const std::string chain = chain_of(position_.chain, record);
  if (record.chain != chain && !(opens && record.chain == unknown_chain))
    return core::Error{core::ErrorCode::log_corrupt,
                       "the hash chain of the journal is broken at " + where +
                           ": a record was changed or is missing, or the state was made from another journal"};
  core::Result<std::vector<schemas::RecordedEvent>> events = schemas::decode_group(record.value);
  if (events.has_error()) return core::Error{core::ErrorCode::malformed_event, where + ": " + events.error().detail};
  if (opens) {
    const auto* opened = events->empty() ? nullptr : std::get_if<core::PartitionOpened>(&events->front().event);
    if (opened == nullptr || opened->epoch != record.epoch)
      return core::Error{core::ErrorCode::log_corrupt, "an epoch begins without an owner at " + where};
  }
  const core::Result<void> applied = apply_events(record.time, *events);
  if (applied.has_error()) return core::Error{applied.error().code, where + ": " + applied.error().detail};
  position_.epoch = record.epoch;
  position_.instance = record.instance;
  position_.time = record.time;
  position_.chain = schemas::to_hex(chain);
  return {};
}

core::Result<void> PartitionLoop::apply_events(core::Timestamp time,
                                               const std::vector<schemas::RecordedEvent>& events) {
  for (const schemas::RecordedEvent& event : events) {
    const core::Result<void> applied = core::apply(overlay_, time, event.aggregate, event.event);
    if (applied.has_error()) return applied;
    if (overlay_.failure()) return *overlay_.failure();
  }
  return {};
}

core::Result<void> PartitionLoop::take_over() {
  if (const auto wanted = check_wanted(); wanted.has_error()) return wanted;
  // Never an epoch twice: of two records that open one, each would be taken for the other.
  const core::Epoch epoch(std::max(position_.epoch, tried_).value() + 1);
  tried_ = epoch;
  const core::Timestamp time = std::max(settings_.now(), position_.time);
  const std::string number = std::to_string(settings_.partition.value());
  schemas::GroupWriter group(settings_.partition, time);
  group.add({core::CommandId("open/" + number + "/" + std::to_string(epoch.value())),
             core::AggregateKey("partition:" + number), core::PartitionOpened{epoch, settings_.instance}});
  JournalRecord record = make_record(epoch, time, std::move(group));
  record.chain = unknown_chain;

  std::promise<core::Result<core::Offset>> confirmed;
  journal_.append(settings_.partition, std::move(record),
                  [&](core::Result<core::Offset> offset) { confirmed.set_value(std::move(offset)); });
  const core::Result<core::Offset> offset = confirmed.get_future().get();
  if (offset.has_error()) return offset.error();
  // The owner before may have appended until our record, and that counts.
  if (const auto replayed = replay(core::Offset(offset->value() + 1)); replayed.has_error()) return replayed;
  if (position_.epoch != epoch || position_.instance != settings_.instance)
    return core::Error{core::ErrorCode::fenced, "another node has taken over partition " + number};
  term_ = std::make_shared<Term>(settings_.partition, epoch);
  return {};
}

}  // namespace processors
