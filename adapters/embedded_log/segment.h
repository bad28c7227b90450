// The files of the log: one after the other, each named after the number of records before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/files/disk.h"
#include "core/result.h"

namespace adapters::embedded_log {

using files::Disk;
using files::DiskFile;

// How many records the log holds before a segment. Names the segment.
using FirstSequence = std::uint64_t;

struct Place {
  FirstSequence segment;
  std::uint64_t position;  // bytes from the beginning of the file
};

std::filesystem::path segment_path(const std::filesystem::path& directory, FirstSequence segment);

// Every segment in order. Files with other names are not ours and are left alone.
core::Result<std::vector<FirstSequence>> list_segments(Disk& disk, const std::filesystem::path& directory);

// Removes segments. Those of them that a crash leaves are removed when the log is opened again.
core::Result<void> remove_segments(Disk& disk, const std::filesystem::path& directory,
                                   const std::vector<FirstSequence>& segments);

// A new segment of zeros, durable under its name.
core::Result<std::unique_ptr<DiskFile>> create_segment(Disk& disk, const std::filesystem::path& directory,
                                                       FirstSequence segment, std::uint64_t bytes);

// Reads segments with few large reads. Threading: one thread at a time.
class SegmentReader {
 public:
  SegmentReader(Disk& disk, std::filesystem::path directory);

  // The bytes at a place; fewer only at the end of the segment. Valid until the next call.
  core::Result<std::string_view> bytes_at(Place place, std::size_t length);

  // What comes next is read from the file, which may have changed.
  void forget() { buffer_bytes_ = 0; }

 private:
  core::Result<void> fill(Place place, std::size_t length);

  Disk& disk_;
  const std::filesystem::path directory_;
  std::unique_ptr<DiskFile> file_;
  Place buffered_{};  // where the buffer begins
  std::unique_ptr<char[]> buffer_;
  std::size_t buffer_capacity_ = 0;
  std::size_t buffer_bytes_ = 0;
};

}  // namespace adapters::embedded_log
