// State rows as bytes. A key is the row type's letter and its members in order, so that rows sort as their keys do:
// texts end with a zero byte, numbers and times are big-endian. A value is JSON.
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "core/result.h"
#include "core/state.h"

namespace schemas {

// The leading part of a key; of all rows of a type when `parts` is empty.
template <class Row, class... Parts>
std::string row_prefix(const Parts&... parts);

template <class Row>
std::string encode_row(const Row& row);

// Errors: log_corrupt: the state is unreadable and has to be rebuilt.
template <class Row>
core::Result<Row> decode_row(std::string_view value);

// The first key after all those that begin with `prefix`.
std::string prefix_end(std::string prefix);

namespace key_parts {
template <class Row>
std::string_view type_letter();
void append(std::string& key, const std::string& text);
void append(std::string& key, std::uint64_t number);
void append(std::string& key, std::uint32_t number);
void append(std::string& key, core::Timestamp time);
template <class Tag, class Rep>
void append(std::string& key, const core::StrongId<Tag, Rep>& id) {
  append(key, id.value());
}
}  // namespace key_parts

template <class Row, class... Parts>
std::string row_prefix(const Parts&... parts) {
  std::string key(key_parts::type_letter<Row>());
  (key_parts::append(key, parts), ...);
  return key;
}

template <class Row>
std::string row_key(const typename Row::Key& key) {
  return std::apply([](const auto&... parts) { return row_prefix<Row>(parts...); }, key);
}

}  // namespace schemas
