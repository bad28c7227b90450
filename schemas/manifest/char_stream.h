// The bytes of a source as the characters that RapidJSON's parser pulls.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.h"
#include "schemas/manifest/byte_source.h"
#include "schemas/manifest/utf8.h"

namespace schemas::manifest {

constexpr std::uint64_t manifest_bytes_max = std::uint64_t{2} << 30;
constexpr std::uint64_t element_bytes_max = std::uint64_t{16} << 20;  // of an item or a header member, as sent

// Checks UTF-8, the size of the whole and of one element while bytes pass through. Holds one chunk of the source.
//
// To the parser, the end (of the source, of a line, or where something went wrong) looks like a NUL character, its
// convention. `stopped()` tells that end from a NUL byte that was sent; `error()` tells why there was no more to read.
// Threading: one thread. Lifetime: `source` outlives this.
class CharStream {
 public:
  enum class Unit { document, line };

  CharStream(ByteSource& source, Unit unit);
  CharStream(const CharStream&) = delete;
  CharStream& operator=(const CharStream&) = delete;

  // RapidJSON's names.
  using Ch = char;
  char Peek() const { return *current_; }
  char Take() {
    const char taken = *current_++;
    if (current_ == end_) open_window();
    return taken;
  }
  std::size_t Tell() const { return window_offset_ + static_cast<std::size_t>(current_ - window_.data()); }

  // Also RapidJSON's, but only for parsing in place, which this is not for.
  void Put(char) {}
  char* PutBegin() { return nullptr; }
  std::size_t PutEnd(char*) { return 0; }

  // With Unit::line: goes to the start of the next line, the first one at first. False when there is none.
  bool next_line();
  std::uint64_t line() const { return line_; }  // from 1

  // An element begins here.
  void mark_element() { element_offset_ = Tell(); }
  bool element_too_large() const { return Tell() - element_offset_ > element_bytes_max; }

  bool stopped() const { return window_.data() == end_mark_.data(); }
  bool exhausted() const { return stopped() && rest_.empty(); }  // nothing comes behind this line either
  const std::optional<core::Error>& error() const { return error_; }

 private:
  void open_window();
  bool load();
  void fail(core::ErrorCode code, std::string detail);

  ByteSource& source_;
  const Unit unit_;
  const std::array<char, 1> end_mark_ = {'\0'};
  std::string_view window_;  // what the parser may see now
  const char* current_ = nullptr;
  const char* end_ = nullptr;
  std::size_t window_offset_ = 0;
  std::string_view rest_;  // of the chunk, behind the window
  std::size_t rest_offset_ = 0;
  bool ended_ = false;
  std::uint64_t line_ = 0;
  std::size_t element_offset_ = 0;
  Utf8Checker utf8_;
  std::optional<core::Error> error_;
};

}  // namespace schemas::manifest
