// The state of one partition as decide and apply see it: rows from the store, and over them what has changed since.
#pragma once

#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/state.h"
#include "processors/ports/state_store.h"
#include "schemas/row_codec.h"

namespace processors {

// What every table of an overlay shares.
struct OverlaySource {
  const StateStore* store = nullptr;
  core::Partition partition;
  // The first row that could not be read. The tables cannot say so themselves: whoever runs a decision asks afterwards.
  mutable std::optional<core::Error> failure;
  bool marked = false;  // changes can be rolled back
};

struct RowKeyHash {
  template <class... Parts>
  std::size_t operator()(const std::tuple<Parts...>& key) const {
    std::size_t hash = 0;
    std::apply([&](const auto&... parts) { ((hash = hash * 1'099'511'628'211u + of(parts)), ...); }, key);
    return hash;
  }

 private:
  template <class Part>
  static std::size_t of(const Part& part) {
    return std::hash<Part>()(part);
  }
  template <class Tag, class Rep>
  static std::size_t of(const core::StrongId<Tag, Rep>& id) {
    return std::hash<Rep>()(id.value());
  }
  static std::size_t of(core::Timestamp time) { return std::hash<std::int64_t>()(time.time_since_epoch().count()); }
};

template <class Row>
class OverlayTable {
 public:
  const Row* find(const OverlaySource& source, const typename Row::Key& key) const {
    auto cached = rows_.find(key);
    if (cached == rows_.end()) cached = rows_.emplace(key, Entry{load(source, key)}).first;
    cached->second.used = true;
    return cached->second.row ? &*cached->second.row : nullptr;
  }
  void put(const OverlaySource& source, Row row) {
    const typename Row::Key key = row.key();
    change(source, key, std::move(row));
  }
  void erase(const OverlaySource& source, const typename Row::Key& key) { change(source, key, std::nullopt); }

  void mark() { before_.clear(); }
  void roll_back() {
    for (auto change = before_.rbegin(); change != before_.rend(); ++change) {
      if (change->second)
        rows_.insert_or_assign(change->first, std::move(*change->second));
      else
        rows_.erase(change->first);
    }
    before_.clear();
  }

  void take_changes(std::vector<RowChange>& changes) {
    for (const typename Row::Key& key : changed_) {
      const auto cached = rows_.find(key);
      if (cached == rows_.end() || !cached->second.changed) continue;  // rolled back, or named before
      Entry& entry = cached->second;
      entry.changed = false;
      changes.push_back(
          {schemas::row_key<Row>(key), entry.row ? std::optional(schemas::encode_row(*entry.row)) : std::nullopt});
    }
    changed_.clear();
    if (rows_.size() <= cached_rows_max) return;
    // What was not used since it was looked at last makes room.
    for (auto row = rows_.begin(); row != rows_.end();)
      row = std::exchange(row->second.used, false) ? std::next(row) : rows_.erase(row);
  }

 private:
  static constexpr std::size_t cached_rows_max = 1'000;

  struct Entry {
    std::optional<Row> row;  // absent: there is none
    bool changed = false;
    bool used = true;
  };

  void change(const OverlaySource& source, const typename Row::Key& key, std::optional<Row> row) {
    const auto [entry, is_new] = rows_.try_emplace(key);
    if (!entry->second.changed) changed_.push_back(key);
    if (source.marked) before_.emplace_back(key, is_new ? std::nullopt : std::optional(std::move(entry->second)));
    entry->second = Entry{std::move(row), true};
  }

  static std::optional<Row> load(const OverlaySource& source, const typename Row::Key& key) {
    const auto bytes = source.store->get(source.partition, schemas::row_key<Row>(key));
    if (bytes.has_error()) return fail(source, bytes.error());
    if (!*bytes) return std::nullopt;
    core::Result<Row> row = schemas::decode_row<Row>(**bytes);
    if (row.has_error()) return fail(source, row.error());
    return std::move(*row);
  }
  static std::nullopt_t fail(const OverlaySource& source, const core::Error& error) {
    if (!source.failure) source.failure = error;
    return std::nullopt;
  }

  mutable std::unordered_map<typename Row::Key, Entry, RowKeyHash> rows_;
  // Of rows that have changed, and maybe of some that were rolled back: most rows that are kept have not.
  std::vector<typename Row::Key> changed_;
  std::vector<std::pair<typename Row::Key, std::optional<Entry>>> before_;  // the mark, in order of the changes
};

// One layer of overrides for each kind of row, down to core::State.
template <class... Rows>
class OverlayLayers;

template <>
class OverlayLayers<> : public core::State {
 public:
  void take_changes(std::vector<RowChange>&) {}
  void mark() { source_.marked = true; }
  void roll_back() {}

 protected:
  OverlaySource source_;
};

template <class Row, class... Rest>
class OverlayLayers<Row, Rest...> : public OverlayLayers<Rest...> {
 public:
  const Row* find_row(std::type_identity<Row>, const typename Row::Key& key) const override {
    return table_.find(this->source_, key);
  }
  void put_row(Row row) override { table_.put(this->source_, std::move(row)); }
  void erase_row(std::type_identity<Row>, const typename Row::Key& key) override { table_.erase(this->source_, key); }

  // From here on changes can be rolled back, up to the next mark.
  void mark() {
    table_.mark();
    OverlayLayers<Rest...>::mark();
  }
  // Rows that were found since the mark may be gone.
  void roll_back() {
    table_.roll_back();
    OverlayLayers<Rest...>::roll_back();
  }

  // What is to be written to the store; afterwards the rows count as unchanged.
  void take_changes(std::vector<RowChange>& changes) {
    table_.take_changes(changes);
    OverlayLayers<Rest...>::take_changes(changes);
  }

 private:
  OverlayTable<Row> table_;
};

// Threading: one thread at a time. Memory: bounded by what is touched between one take_changes and the second after it.
class Overlay final : public core::StateRows::In<OverlayLayers> {
 public:
  Overlay(const StateStore& store, core::Partition partition) {
    source_.store = &store;
    source_.partition = partition;
  }

  const std::optional<core::Error>& failure() const { return source_.failure; }
};

}  // namespace processors
