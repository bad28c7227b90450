#include "schemas/row_codec.h"

#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

namespace key_parts {

template <class Row>
std::string_view type_letter() {
  return TypeName<Row>::value;
}

void append(std::string& key, const std::string& text) {
  key += text;
  key.push_back('\0');
}

void append(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift & 0xff));
}

void append(std::string& key, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift & 0xff));
}

void append(std::string& key, core::Timestamp time) {
  append(key, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

}  // namespace key_parts

std::string prefix_end(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<unsigned char>(prefix.back());
    prefix.pop_back();
    if (last == 0xff) continue;
    prefix.push_back(static_cast<char>(last + 1));
    break;
  }
  return prefix;
}

template <class Row>
std::string encode_row(const Row& row) {
  return to_json_text(row);
}

template <class Row>
core::Result<Row> decode_row(std::string_view value) {
  Row row{};
  std::string path;
  if (!from_json_text(value, row, path))
    return core::Error{core::ErrorCode::log_corrupt,
                       "a row of state cannot be read at '" + path +
                           "'; stop the service, remove the state folder, and start it again to rebuild it"};
  return row;
}

namespace {

// Makes the templates above exist for each kind of row.
template <class... Rows>
struct Instantiate {
  static constexpr auto functions =
      std::make_tuple(std::make_tuple(&encode_row<Rows>, &decode_row<Rows>, &key_parts::type_letter<Rows>)...);
};
[[gnu::used]] const auto instantiated = core::StateRows::In<Instantiate>::functions;

}  // namespace

}  // namespace schemas
