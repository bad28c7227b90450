#include "processors/replay/compare.h"

#include <utility>
#include <vector>

#include "core/decide.h"
#include "processors/fold.h"

namespace processors {

namespace {

constexpr std::size_t page_rows = 1'000;
const std::string behind_all_rows(1, '\x7f');

// The rows of a state one after the other.
class Cursor {
 public:
  Cursor(const StateStore& store, core::Partition partition) : store_(store), partition_(partition) {}

  // Nothing behind the last one.
  core::Result<std::optional<RowChange>> next() {
    if (at_ == page_.size() && !ended_) {
      if (auto filled = fill(); !filled) return filled.error();
    }
    if (at_ == page_.size()) return std::optional<RowChange>();
    return std::optional(std::move(page_[at_++]));
  }

 private:
  core::Result<void> fill() {
    page_.clear();
    at_ = 0;
    auto scanned =
        store_.scan(partition_, from_, behind_all_rows, [this](std::string_view key, std::string_view value) {
          page_.push_back({std::string(key), std::string(value)});
          return page_.size() < page_rows;
        });
    ended_ = page_.size() < page_rows;
    if (!page_.empty()) from_ = page_.back().key + '\0';
    return scanned;
  }

  const StateStore& store_;
  const core::Partition partition_;
  std::string from_;
  std::vector<RowChange> page_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Passes all on, and remembers whether a row was written with another value than it had.
class Watch final : public StateStore {
 public:
  Watch(StateStore& store, const std::string& key) : store_(store), key_(key) {}

  bool changed() { return std::exchange(changed_, false); }
  const std::optional<std::string>& value() const { return value_; }

  core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const override {
    return store_.get(partition, key);
  }
  core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                          const Visit& visit) const override {
    return store_.scan(partition, from, to, visit);
  }
  core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const override {
    return store_.scan_reverse(partition, from, to, visit);
  }
  core::Result<void> write(core::Partition partition, const std::vector<RowChange>& changes) override {
    for (const RowChange& change : changes) look_at(change);
    return store_.write(partition, changes);
  }
  core::Result<void> wipe(core::Partition partition) override { return store_.wipe(partition); }
  core::Result<void> flush() override { return store_.flush(); }

  void look_at(const RowChange& change) {
    if (change.key != key_ || change.value == value_) return;
    value_ = change.value;
    changed_ = true;
  }

 private:
  StateStore& store_;
  const std::string& key_;
  std::optional<std::string> value_;
  bool changed_ = false;
};

// A record whose events, taken one by one, show which of them wrote the row.
core::Result<std::optional<WritingEvent>> writer_in(const StateStore& before, core::Partition partition,
                                                    const StoredRecord& stored, const std::string& key) {
  auto events = schemas::decode_group(stored.record.value);
  if (!events) return events.error();
  const auto had = before.get(partition, key);
  if (!had) return had.error();
  std::optional<std::string> value = *had;
  std::optional<WritingEvent> writer;
  Overlay overlay(before, partition);
  for (std::size_t index = 0; index < events->size(); ++index) {
    schemas::RecordedEvent& event = (*events)[index];
    if (auto applied = core::apply(overlay, stored.record.time, event.aggregate, event.event); !applied)
      return applied.error();
    if (overlay.failure()) return *overlay.failure();
    std::vector<RowChange> changes;
    overlay.take_changes(changes);
    for (RowChange& change : changes) {
      if (change.key != key || change.value == value) continue;
      value = change.value;
      writer = WritingEvent{stored.offset, index, stored.record.time, event, value};
    }
  }
  return writer;
}

}  // namespace

core::Result<std::optional<RowDifference>> first_difference(const StateStore& left, const StateStore& right,
                                                            core::Partition partition) {
  Cursor left_rows(left, partition);
  Cursor right_rows(right, partition);
  for (;;) {
    auto a = left_rows.next();
    if (!a) return a.error();
    auto b = right_rows.next();
    if (!b) return b.error();
    if (!*a && !*b) return std::optional<RowDifference>();
    if (*a && *b && (*a)->key == (*b)->key) {
      if ((*a)->value == (*b)->value) continue;
      return std::optional(RowDifference{(*a)->key, (*a)->value, (*b)->value});
    }
    if (!*b || (*a && (*a)->key < (*b)->key)) return std::optional(RowDifference{(*a)->key, (*a)->value, std::nullopt});
    return std::optional(RowDifference{(*b)->key, std::nullopt, (*b)->value});
  }
}

// Each record is written by itself, and the last one that wrote the row then looked at event by event, over the state
// before it: the fold goes twice over the log rather than once slowly.
core::Result<std::optional<WritingEvent>> find_writer(JournalReader& journal, StateStore& scratch,
                                                      core::Partition partition, core::Offset until,
                                                      const std::string& key) {
  Watch watch(scratch, key);
  std::optional<core::Offset> last;
  const auto fold_to = [&](core::Offset end, StateStore& store, const std::function<void(core::Offset)>& taken) {
    Fold fold(store, partition);
    core::Result<void> outcome;
    const auto read = journal.read(partition, core::Offset(0), [&](const StoredRecord& stored) {
      if (stored.offset >= end) return false;
      if (const auto counted = fold.take(stored); !counted)
        outcome = counted.error();
      else
        outcome = fold.write();
      if (outcome) taken(stored.offset);
      return outcome.has_value();
    });
    if (outcome && !read) outcome = read.error();
    return outcome;
  };
  const auto watched = fold_to(until, watch, [&](core::Offset offset) {
    if (watch.changed()) last = offset;
  });
  if (!watched) return watched.error();
  if (!last) return std::optional<WritingEvent>();
  if (auto wiped = scratch.wipe(partition); !wiped) return wiped.error();
  if (auto folded = fold_to(*last, scratch, [](core::Offset) {}); !folded) return folded.error();
  std::optional<StoredRecord> writing;
  const auto read = journal.read(partition, *last, [&](const StoredRecord& stored) {
    writing = stored;
    return false;
  });
  if (!read) return read.error();
  return writer_in(scratch, partition, *writing, key);
}

}  // namespace processors
