// The lines of a file of history, one after another, in bounded memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "schemas/manifest/byte_source.h"

namespace schemas::imports {

constexpr std::size_t line_bytes_max = std::size_t{16} << 20;

struct Line {
  std::uint64_t number = 0;  // from 1, blank lines counted
  std::string_view text;     // valid until the next one is asked for
  bool too_long = false;     // longer than line_bytes_max: its text is left out
};

// Blank lines and a byte order mark are passed by; a last line needs no newline.
// Threading: one thread. Lifetime: `source` outlives this.
class Lines {
 public:
  explicit Lines(manifest::ByteSource& source) : source_(source) {}

  // nullopt at the end. Errors: the source's.
  core::Result<std::optional<Line>> next();

 private:
  // The next line with whatever stands in it.
  core::Result<std::optional<Line>> any();

  manifest::ByteSource& source_;
  std::string_view chunk_;  // of the source, not yet given out
  std::string line_;        // one that lies in several chunks
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace schemas::imports
