// The row that says how far a partition's fold has come.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace schemas {

// Written together with the state that it describes.
struct Position {
  core::Offset next;     // of the first record not applied
  core::Epoch epoch;     // newest seen
  std::string instance;  // the owner with it
  core::Timestamp time;  // log time
  std::string chain;     // hexadecimal SHA-256 of the last record applied; 64 zeros before the first
};

// Sorts before every row of state.
inline const std::string position_key(1, '\x01');

std::string encode_position(const Position& position);
core::Result<Position> decode_position(std::string_view value);

}  // namespace schemas
