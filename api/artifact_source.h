// The bytes of an artifact, or of a part of it, on their way to a client: its units' segments in order, none of them
// held for longer than one piece.
#pragma once

#include <memory>

#include "api/app.h"
#include "api/http/byte_range.h"
#include "api/http/response.h"
#include "processors/file_links.h"

namespace api {

class ArtifactSource final : public http::BodySource {
 public:
  // An artifact of a batch that has ended; `range` lies within the artifact. What is borrowed must outlive this.
  ArtifactSource(const processors::StateReader& reader, const processors::BlobStore& blobs,
                 boost::asio::any_io_executor blocking, processors::FileReference file, http::ByteRange range)
      : reader_(reader),
        blobs_(blobs),
        blocking_(std::move(blocking)),
        file_(std::move(file)),
        length_(range.length),
        skip_(range.offset),
        left_(range.length) {}

  std::optional<std::uint64_t> length() const override { return length_; }
  // Errors: storage_failed, log_corrupt, blob_corrupt (less is stored than the batch reported).
  http::awaitable<core::Result<std::string>> next(std::size_t bytes_max) override;

  // The same, blocking.
  core::Result<std::string> read(std::size_t bytes_max);

 private:
  core::Result<void> open_next_segment();

  const processors::StateReader& reader_;
  const processors::BlobStore& blobs_;
  const boost::asio::any_io_executor blocking_;
  const processors::FileReference file_;
  const std::uint64_t length_;
  std::uint64_t skip_;  // bytes of the artifact before the next one to send, from the next unit on
  std::uint64_t left_;  // to send
  core::UnitIndex next_unit_;
  std::unique_ptr<processors::BlobReader> segment_;
  std::uint64_t offset_ = 0;  // in the segment
  std::uint64_t end_ = 0;
};

}  // namespace api
