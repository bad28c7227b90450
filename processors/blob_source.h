// A stored object as the bytes that the readers in schemas pull.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "processors/ports/blob_store.h"
#include "schemas/manifest/byte_source.h"

namespace processors {

// Lifetime: `reader` outlives this.
class BlobSource final : public schemas::manifest::ByteSource {
 public:
  explicit BlobSource(const BlobReader& reader) : reader_(reader) {}

  core::Result<std::string_view> read() override {
    core::Result<std::string> chunk = reader_.read(offset_, 64u << 10);
    if (chunk.has_error()) return chunk.error();
    chunk_ = std::move(*chunk);
    offset_ += chunk_.size();
    return std::string_view(chunk_);
  }

 private:
  const BlobReader& reader_;
  std::uint64_t offset_ = 0;
  std::string chunk_;
};

}  // namespace processors
