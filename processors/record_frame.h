// How one record lies in a segment file of the embedded log, and in a chunk of the archive. Integers are little-endian.
//
//   at  0  magic            u32       the bytes F5 42 52 F6: no UTF-8 text holds F5 or F6, so no value looks like a
//   frame
//       4  length           u32       bytes after the checksum
//       8  checksum         u32       CRC-32C of those bytes
//      12  partition        u32
//      16  synced           u32       every byte of this segment before this position was durable when the frame was
//                                     written; 0 in the archive
//      20  offset           i64       in its partition, from 0
//      28  epoch            i64
//      36  time             i64       microseconds since 1970
//      44  chain            32 bytes
//      76  instance length  u32
//      80  instance, then the value up to the end
//
// `synced` tells a torn tail from damage: a frame that does not hold, with a later one that was written when it was
// already durable, was whole once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "processors/ports/journal.h"

namespace processors {

constexpr std::string_view frame_magic = "\xF5\x42\x52\xF6";
constexpr std::size_t frame_head_bytes = 16;
constexpr std::size_t frame_fixed_bytes = 80;
constexpr std::size_t chain_bytes = 32;
constexpr std::size_t instance_bytes_max = 256;
constexpr std::size_t frame_bytes_max = frame_fixed_bytes + instance_bytes_max + Journal::record_bytes_max;

// What can be told before the checksum is known to hold.
struct FrameHead {
  std::size_t frame_bytes;  // of the whole frame; from frame_fixed_bytes to frame_bytes_max
  core::Partition partition;
};

// The texts point into the bytes it was decoded from.
struct Frame {
  core::Partition partition;
  std::uint32_t synced;
  core::Offset offset;
  core::Epoch epoch;
  core::Timestamp time;
  std::string_view chain;
  std::string_view instance;
  std::string_view value;

  std::size_t bytes() const { return frame_fixed_bytes + instance.size() + value.size(); }
};

std::size_t frame_bytes(const JournalRecord& record);

// Appends the frame to `buffer`. Requires a chain of chain_bytes and texts within their limits.
void encode_frame(std::string& buffer, core::Partition partition, core::Offset offset, std::uint32_t synced,
                  const JournalRecord& record);

// Nothing when no frame can begin with these bytes. Reads frame_head_bytes at most.
std::optional<FrameHead> decode_head(std::string_view bytes);

// What a frame's bytes say of themselves whether its checksum holds or not.
struct FrameClaim {
  core::Partition partition;
  core::Offset offset;
};
// Nothing when there are fewer bytes than frame_fixed_bytes.
std::optional<FrameClaim> claim_of(std::string_view bytes);

// The record that a frame has; the texts of `into` keep their memory.
void copy(const Frame& frame, StoredRecord& into);

// Nothing when the bytes do not begin with a whole frame whose checksum holds.
std::optional<Frame> decode_frame(std::string_view bytes);

}  // namespace processors
