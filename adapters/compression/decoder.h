#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "adapters/compression/encoding.h"
#include "core/result.h"

namespace adapters::compression {

// Turns a request body that arrives in chunks into what it says, with bounded memory (zstd windows to 8 MiB, RFC 9659).
// Several gzip members or zstd frames in a row are one body. After an error every call answers that error.
// Threading: one thread at a time.
class Decoder {
 public:
  // Receives decoded bytes in pieces of at most 64 KiB, valid during the call (identity: as they were fed).
  // An error ends the decoding.
  using Out = std::function<core::Result<void>(std::string_view)>;

  // Of decoded to encoded bytes, once more than a MiB has come out. Real manifests stay below 50.
  static constexpr std::uint64_t ratio_max = 1000;

  Decoder(Encoding encoding, std::uint64_t decoded_bytes_max);
  ~Decoder();

  // Errors: payload_too_large (more bytes than allowed, or blown up like a bomb), invalid_request (not of this
  // encoding), and those of `out`.
  core::Result<void> feed(std::string_view in, const Out& out);

  // The body is complete. Errors: invalid_request (it was cut off).
  core::Result<void> finish();

  std::uint64_t decoded_bytes() const { return decoded_bytes_; }

  class Stream;  // one encoding's state

 private:
  core::Result<void> take(std::string_view piece, const Out& out);

  const Encoding encoding_;
  const std::uint64_t decoded_bytes_max_;
  std::unique_ptr<Stream> stream_;
  std::uint64_t encoded_bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  std::optional<core::Error> failure_;
};

}  // namespace adapters::compression
