#include "schemas/manifest/utf8.h"

#include <cstring>

namespace schemas::manifest {
namespace {

// Prompts are mostly ASCII: eight bytes at a time.
std::size_t skip_ascii(std::string_view piece, std::size_t position) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  while (position + sizeof(std::uint64_t) <= piece.size()) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, piece.data() + position, sizeof(eight));
    if ((eight & high_bits) != 0) break;
    position += sizeof(eight);
  }
  while (position < piece.size() && static_cast<std::uint8_t>(piece[position]) < 0x80) ++position;
  return position;
}

}  // namespace

std::size_t Utf8Checker::check(std::string_view piece) {
  std::size_t position = 0;
  while (position < piece.size()) {
    if (missing_ == 0) {
      position = skip_ascii(piece, position);
      if (position == piece.size()) break;
      const auto lead = static_cast<std::uint8_t>(piece[position]);
      if (lead < 0xC2 || lead > 0xF4) return position;
      missing_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
      low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    } else {
      const auto byte = static_cast<std::uint8_t>(piece[position]);
      if (byte < low_ || byte > high_) return position;
      low_ = 0x80;
      high_ = 0xBF;
      --missing_;
    }
    ++position;
  }
  return piece.size();
}

}  // namespace schemas::manifest
