// Reads a stored object line by line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processors/ports/blob_store.h"

namespace processors {

class LineReader {
 public:
  // Reads [offset, end) of the object; `end` beyond its size means its size. `reader` must outlive this.
  LineReader(const BlobReader& reader, std::uint64_t offset, std::uint64_t end)
      : reader_(reader), fetched_(offset), end_(std::min(end, reader.size())), offset_(offset) {}
  explicit LineReader(const BlobReader& reader) : LineReader(reader, 0, reader.size()) {}

  // The next whole line without its newline, valid until the next call; nullopt at the end, and before a last line that
  // has no newline.
  core::Result<std::optional<std::string_view>> next() {
    for (;;) {
      const std::size_t newline = buffer_.find('\n', searched_);
      if (newline != std::string::npos) {
        const std::string_view line(buffer_.data() + taken_, newline - taken_);
        offset_ += line.size() + 1;
        taken_ = searched_ = newline + 1;
        return std::optional(line);
      }
      searched_ = buffer_.size() - taken_;
      buffer_.erase(0, taken_);
      taken_ = 0;
      if (fetched_ >= end_) return std::optional<std::string_view>{};
      const core::Result<std::string> chunk =
          reader_.read(fetched_, static_cast<std::size_t>(std::min<std::uint64_t>(end_ - fetched_, chunk_bytes)));
      if (chunk.has_error()) return chunk.error();
      if (chunk->empty()) return std::optional<std::string_view>{};
      fetched_ += chunk->size();
      buffer_ += *chunk;
    }
  }

  // Of the byte after the last line answered.
  std::uint64_t offset() const { return offset_; }

 private:
  static constexpr std::uint64_t chunk_bytes = 64 << 10;

  const BlobReader& reader_;
  std::uint64_t fetched_;
  std::uint64_t end_;
  std::uint64_t offset_;
  std::string buffer_;
  std::size_t taken_ = 0;     // of the buffer: before it lie lines already answered
  std::size_t searched_ = 0;  // of the buffer: before it lies no newline that was not answered
};

}  // namespace processors
