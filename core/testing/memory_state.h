// The state of a partition in plain maps: what tests fold events into.
#pragma once

#include <map>
#include <tuple>

#include "core/state.h"

namespace core::testing {

template <class Row>
using Rows = std::map<typename Row::Key, Row>;

template <class... Kinds>
struct MemoryRows {
  std::tuple<Rows<Kinds>...> all;
};

// One layer of overrides for each kind of row, down to core::State.
template <class... Kinds>
class MemoryLayers;

template <>
class MemoryLayers<> : public State {
 protected:
  StateRows::In<MemoryRows> rows_;
};

template <class Row, class... Rest>
class MemoryLayers<Row, Rest...> : public MemoryLayers<Rest...> {
 public:
  const Row* find_row(std::type_identity<Row>, const typename Row::Key& key) const override {
    const auto& rows = std::get<Rows<Row>>(this->rows_.all);
    const auto found = rows.find(key);
    return found == rows.end() ? nullptr : &found->second;
  }
  void put_row(Row row) override {
    const typename Row::Key key = row.key();
    std::get<Rows<Row>>(this->rows_.all).insert_or_assign(key, std::move(row));
  }
  void erase_row(std::type_identity<Row>, const typename Row::Key& key) override {
    std::get<Rows<Row>>(this->rows_.all).erase(key);
  }
};

class MemoryState final : public StateRows::In<MemoryLayers> {
 public:
  template <class Row>
  const Rows<Row>& all() const {
    return std::get<Rows<Row>>(rows_.all);
  }
};

}  // namespace core::testing
