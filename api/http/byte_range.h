// The Range header: RFC 9110 §14, one range of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace api::http {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // above zero
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Nothing: the whole of `size` bytes is to be sent, because the header asks for something other than one range of
// bytes. Errors: range_not_satisfiable.
core::Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size);

// "bytes 0-99/1000"
std::string content_range(const ByteRange& range, std::uint64_t size);

}  // namespace api::http
