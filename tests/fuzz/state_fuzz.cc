// Fuzzes what is read back from the state store: whatever the bytes, a row, a position and a key are refused or read,
// and what was read is written as the same again. The first byte chooses the kind of row.
#include <cstdint>
#include <string>
#include <type_traits>

#include "schemas/position_codec.h"
#include "schemas/row_codec.h"
#include "schemas/row_names.h"
#include "tests/fuzz/input.h"

namespace {

using fuzz::require;

template <class Row>
void check_row(std::string_view bytes) {
  const core::Result<Row> row = schemas::decode_row<Row>(bytes);
  if (row.has_error()) return require(row.error().code == core::ErrorCode::log_corrupt && !row.error().detail.empty());
  const std::string once = schemas::encode_row(*row);
  const core::Result<Row> again = schemas::decode_row<Row>(once);
  require(again.has_value() && schemas::encode_row(*again) == once);
  const std::string key = schemas::row_key<Row>(row->key());
  require(schemas::row_key<Row>(again->key()) == key && key.starts_with(schemas::row_prefix<Row>()));
  require(schemas::prefix_end(key) > key);
  schemas::to_text(schemas::name_of_row(key));
}

template <class... Rows>
struct Each {
  static constexpr std::size_t count = sizeof...(Rows);
  static void check(std::size_t chosen, std::string_view bytes) {
    std::size_t index = 0;
    ((index++ == chosen ? check_row<Rows>(bytes) : void()), ...);
  }
};
using Rows = core::StateRows::In<Each>;

void check_position(std::string_view bytes) {
  const auto position = schemas::decode_position(bytes);
  if (position.has_error()) return require(position.error().code == core::ErrorCode::log_corrupt);
  const std::string once = schemas::encode_position(*position);
  const auto again = schemas::decode_position(once);
  require(again.has_value() && schemas::encode_position(*again) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t kind = input.choice(Rows::count + 2);
  if (kind < Rows::count) {
    Rows::check(kind, input.rest());
  } else if (kind == Rows::count) {
    check_position(input.rest());
  } else {
    require(!schemas::name_of_row(input.rest()).kind.empty());
  }
  return 0;
}
