// Where a manifest's bytes come from: a spooled upload, a stored object, a text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "core/result.h"

namespace schemas::manifest {

// Pulled by one reader until it is empty. Threading: one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next bytes, as many as are at hand (64 KiB is a good size); empty at the end. They stay valid until the next
  // call.
  virtual core::Result<std::string_view> read() = 0;
};

// A text that is already in memory and outlives this.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text, std::size_t chunk_bytes = 65'536)
      : text_(text), chunk_bytes_(chunk_bytes) {}

  core::Result<std::string_view> read() override {
    const std::string_view chunk = text_.substr(0, std::min(chunk_bytes_, text_.size()));
    text_.remove_prefix(chunk.size());
    return chunk;
  }

 private:
  std::string_view text_;
  std::size_t chunk_bytes_;
};

}  // namespace schemas::manifest
