// A checkpoint: how far a partition of the journal had come at some moment, signed and kept outside of the journal, so
// that whoever rewrites the journal cannot rewrite what is known of it. One line of JSON each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace schemas {

struct Checkpoint {
  std::uint64_t number = 0;  // of the line, over all files of a directory, from 1 without gaps
  core::Timestamp at;        // when it was made
  core::Partition partition;
  core::Offset next;      // after the last record that it covers
  core::Epoch epoch;      // of that record, or of the newest that counts
  std::string instance;   // the owner with it
  core::Timestamp time;   // log time
  std::string chain;      // hexadecimal, over all records before `next`
  std::string before;     // hexadecimal SHA-256 of the line before, also of another file; zeros before the first
  std::string key;        // which key signed
  std::string signature;  // of the line without this member
};

// What is signed.
std::string checkpoint_text(const Checkpoint& checkpoint);
// The line, without its line feed.
std::string encode_checkpoint(const Checkpoint& checkpoint);
// Takes only what encode_checkpoint wrote, byte for byte. Errors: log_corrupt.
core::Result<Checkpoint> decode_checkpoint(std::string_view line);

}  // namespace schemas
