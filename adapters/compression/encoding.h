// The content codings that we read and write.
#pragma once

#include <optional>
#include <string_view>

namespace adapters::compression {

enum class Encoding { identity, gzip, zstd };

// As HTTP names it.
std::string_view to_string(Encoding encoding);

// Of a coding's name, in any case; an empty one is identity. Nothing: not one of ours, or a list.
std::optional<Encoding> encoding_from_name(std::string_view name);

}  // namespace adapters::compression
