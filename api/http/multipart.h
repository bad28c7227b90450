// multipart/form-data (RFC 7578), taken apart while it arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace api::http {

struct PartHead {
  std::string name;
  bool file = false;  // it has a file name
};

// Takes the parts in the order in which they come. An error ends the reading and is what feed() answers.
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual core::Result<void> on_part(const PartHead& head) = 0;
  virtual core::Result<void> on_bytes(std::string_view bytes) = 0;  // of the part at hand; valid during the call
};

// Memory: the headers of one part, and a boundary that may be cut in two. Threading: one thread.
// Lifetime: `sink` outlives this.
class MultipartReader {
 public:
  static constexpr std::size_t head_bytes_max = 8 << 10;
  static constexpr std::uint32_t parts_max = 32;

  // The boundary of a Content-Type header; nullopt: it is not multipart/form-data, or names none.
  static std::optional<std::string> boundary_of(std::string_view content_type);

  MultipartReader(std::string_view boundary, PartSink& sink);

  // Errors: invalid_request (not of this form), and the sink's. After an error nothing more may be fed.
  core::Result<void> feed(std::string_view bytes);
  // The body is complete. Errors: invalid_request (it was cut off).
  core::Result<void> finish() const;

 private:
  enum class State { preamble, after_boundary, head, body, done };

  // Goes on with what is at hand; false: more is needed.
  core::Result<bool> step();
  core::Result<bool> begin_part();

  const std::string delimiter_;  // "\r\n--" and the boundary
  PartSink& sink_;
  State state_ = State::preamble;
  std::uint32_t parts_ = 0;
  std::string held_;  // not yet dealt with
};

}  // namespace api::http
