// How a partition loop begins: the fold of the journal's tail, and the takeover.
#include <future>
#include <utility>

#include "processors/fault_point.h"
#include "processors/partition_loop.h"
#include "processors/snapshots/snapshots.h"

namespace processors {

namespace {

const std::string behind_all_rows(1, '\x7f');

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
  if (recovered.has_value()) recovered = find_state(*end);
  if (recovered.has_value()) recovered = load_position(*end);
  if (recovered.has_value()) recovered = replay(*end);
  if (recovered.has_value()) recovered = take_over();
  return recovered;
}

JournalReader& PartitionLoop::history() const {
  return settings_.history != nullptr ? *settings_.history : journal_;
}

// Where there is no state, or none that can be read, it begins with a snapshot; without one, with nothing.
core::Result<void> PartitionLoop::find_state(core::Offset end) {
  const auto stored = store_.get(settings_.partition, schemas::position_key);
  if (stored.has_error()) return stored.error();
  if (*stored && schemas::decode_position(**stored).has_value()) return {};
  bool empty = true;  // else rows were left by a restore that did not finish
  const auto scanned = store_.scan(settings_.partition, "", behind_all_rows,
                                   [&](std::string_view, std::string_view) { return empty = false; });
  if (scanned.has_error()) return scanned;
  if (!empty) {
    if (const auto wiped = store_.wipe(settings_.partition); wiped.has_error()) return wiped;
  }
  if (settings_.snapshots == nullptr) return {};
  const auto restored = settings_.snapshots->restore(settings_.partition, end, history(), store_);
  return restored.has_value() ? core::Result<void>() : restored.error();
}

core::Result<void> PartitionLoop::load_position(core::Offset end) {
  if (const auto loaded = fold_.load(); loaded.has_error()) return loaded;
  const core::Offset next = fold_.position().next;
  if (next <= end) return {};
  return core::Error{
      core::ErrorCode::log_corrupt,
      "the journal of partition " + std::to_string(settings_.partition.value()) + " ends at offset " +
          std::to_string(end.value()) + " but the state has applied it up to " + std::to_string(next.value()) +
          ": records are missing, or this is another journal (a topic that was deleted and made again). Restore the "
          "journal; only if that loss is accepted, remove the state folder and start again"};
}

// Applies what lies before `until`, and what was appended behind it meanwhile.
core::Result<void> PartitionLoop::replay(core::Offset until) {
  std::optional<core::Error> failure;
  const auto visit = [&](const StoredRecord& stored_record) {
    FAULT_POINT(F24);
    core::Result<void> applied = check_wanted();
    if (applied.has_value()) {
      const core::Result<bool> counted = fold_.take(stored_record);
      if (counted.has_error())
        applied = counted.error();
      else if (!*counted)
        metrics_.count("batchrouter_journal_ignored_records_total", {});
    }
    if (applied.has_value() && fold_.events_unwritten() >= Fold::events_unwritten_max) applied = fold_.write();
    if (applied.has_error()) failure = applied.error();
    return !failure.has_value();
  };
  const auto read = history().read(settings_.partition, fold_.position().next, visit);
  if (failure) return *failure;
  if (read.has_error()) return read.error();
  if (fold_.position().next < until)
    return core::Error{core::ErrorCode::unavailable, "the journal could not be read up to its end"};
  return fold_.write();
}

core::Result<void> PartitionLoop::take_over() {
  if (const auto wanted = check_wanted(); wanted.has_error()) return wanted;
  // Never an epoch twice: of two records that open one, each would be taken for the other.
  const core::Epoch epoch(std::max(fold_.position().epoch, tried_).value() + 1);
  tried_ = epoch;
  const core::Timestamp time = std::max(settings_.now(), fold_.position().time);
  const std::string number = std::to_string(settings_.partition.value());
  schemas::GroupWriter group(settings_.partition, time);
  group.add({core::CommandId("open/" + number + "/" + std::to_string(epoch.value())),
             core::AggregateKey("partition:" + number), core::PartitionOpened{epoch, settings_.instance}});
  JournalRecord record = make_record(epoch, time, std::move(group));
  record.chain = unknown_chain;
  FAULT_POINT(F25);

  std::promise<core::Result<core::Offset>> confirmed;
  journal_.append(settings_.partition, std::move(record),
                  [&](core::Result<core::Offset> offset) { confirmed.set_value(std::move(offset)); });
  const core::Result<core::Offset> offset = confirmed.get_future().get();
  if (offset.has_error()) return offset.error();
  // The owner before may have appended until our record, and that counts.
  if (const auto replayed = replay(core::Offset(offset->value() + 1)); replayed.has_error()) return replayed;
  if (fold_.position().epoch != epoch || fold_.position().instance != settings_.instance)
    return core::Error{core::ErrorCode::fenced, "another node has taken over partition " + number};
  term_ = std::make_shared<Term>(settings_.partition, epoch);
  return {};
}

}  // namespace processors
