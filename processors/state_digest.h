// One notion of "the same state": the bytes of all rows of a partition, and their digest.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "processors/ports/state_store.h"
#include "schemas/position_codec.h"

namespace processors {

// Raised when the fold makes other rows of the same events: state and snapshots of another format are passed over.
constexpr int row_format = 4;

struct StateDigest {
  schemas::Position position;  // how far the fold had come
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  core::Digest digest;  // SHA-256
};

using WriteBytes = std::function<core::Result<void>(std::string_view)>;

// Hands out the rows of a partition, in key order and as of one moment, the row of the position with them: of each
// the length of its key (u32, little-endian), the key, the length of its value, the value.
// Errors: those of the store and of `write`; storage_failed when there is no position.
core::Result<StateDigest> write_state(const StateStore& store, core::Partition partition, const WriteBytes& write);

core::Result<StateDigest> digest_of_state(const StateStore& store, core::Partition partition);

}  // namespace processors
