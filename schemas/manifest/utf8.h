// Whether bytes are UTF-8, in pieces that may cut a character in two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace schemas::manifest {

// Well-formed per Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
class Utf8Checker {
 public:
  // Goes on where the last piece ended. Answers how many bytes are well formed: piece.size() when all are.
  std::size_t check(std::string_view piece);
  // Whether a character is still open.
  bool incomplete() const { return missing_ != 0; }

 private:
  int missing_ = 0;  // continuation bytes still to come
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;  // what the next of them may be
};

}  // namespace schemas::manifest
