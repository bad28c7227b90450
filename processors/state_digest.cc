#include "processors/state_digest.h"

#include <optional>
#include <string>

#include "schemas/digest.h"

namespace processors {

namespace {

const std::string before_all_rows;
const std::string behind_all_rows(1, '\x7f');  // keys begin with a letter, or with that of the position

void append_length(std::string& bytes, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(length >> shift & 0xff));
}

}  // namespace

core::Result<StateDigest> write_state(const StateStore& store, core::Partition partition, const WriteBytes& write) {
  StateDigest result;
  schemas::Sha256 digest;
  std::optional<core::Error> failure;
  bool positioned = false;
  std::string bytes;
  const auto visit = [&](std::string_view key, std::string_view value) {
    if (key == schemas::position_key) {
      auto position = schemas::decode_position(value);
      if (position.has_error()) failure = position.error();
      if (position.has_value()) result.position = std::move(*position);
      positioned = true;
    }
    bytes.clear();
    append_length(bytes, key);
    bytes += key;
    append_length(bytes, value);
    bytes += value;
    digest.update(bytes);
    ++result.rows;
    result.bytes += bytes.size();
    if (const auto written = write(bytes); written.has_error()) failure = written.error();
    return !failure.has_value();
  };
  const auto scanned = store.scan(partition, before_all_rows, behind_all_rows, visit);
  if (failure) return *failure;
  if (scanned.has_error()) return scanned.error();
  if (!positioned)
    return core::Error{core::ErrorCode::storage_failed,
                       "partition " + std::to_string(partition.value()) + " has no state yet"};
  result.digest = digest.finish();
  return result;
}

core::Result<StateDigest> digest_of_state(const StateStore& store, core::Partition partition) {
  return write_state(store, partition, [](std::string_view) { return core::Result<void>(); });
}

}  // namespace processors
