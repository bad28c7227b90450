// CRC-32C (Castagnoli), as in RFC 3720 appendix B.4.
#pragma once

#include <cstdint>
#include <string_view>

namespace processors {

// With the processor's instruction where it has one.
std::uint32_t crc32c(std::string_view bytes);

// The same without it.
std::uint32_t crc32c_portable(std::string_view bytes);

}  // namespace processors
