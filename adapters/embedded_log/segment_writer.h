// The end of the log, where frames are added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "adapters/embedded_log/recovery.h"
#include "adapters/embedded_log/segment.h"
#include "core/result.h"

namespace adapters::embedded_log {

// Threading: one thread at a time. After an error it must not be used again: what the disk holds is unknown.
class SegmentWriter {
 public:
  // Continues behind what was recovered: torn bytes become zeros, and all before them is made durable, which it need
  // not be when the process before this one was killed, or was told that its last sync had failed.
  static core::Result<SegmentWriter> resume(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes,
                                            const Recovered& recovered);

  Place end() const { return end_; }                                  // where the next frame goes
  std::size_t room() const { return segment_size_ - end_.position; }  // bytes left in this segment

  // Begins a segment when a frame of this size does not fit into the rest of this one.
  core::Result<void> make_room(std::size_t frame_bytes);

  // Writes whole frames and makes them durable. Requires room.
  core::Result<void> write(std::string_view frames, std::size_t count);

 private:
  SegmentWriter(Disk& disk, std::filesystem::path directory, std::uint64_t segment_bytes,
                std::unique_ptr<DiskFile> file, std::uint64_t segment_size, Place end, std::uint64_t records);

  Disk* disk_;
  std::filesystem::path directory_;
  std::uint64_t segment_bytes_;  // of a new segment
  std::unique_ptr<DiskFile> file_;
  std::uint64_t segment_size_;
  Place end_;
  std::uint64_t records_;  // in the whole log
};

}  // namespace adapters::embedded_log
