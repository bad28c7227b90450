// UTF-8 as it comes from outside: valid or not, never assumed.
#pragma once

#include <cstddef>
#include <string_view>

namespace api::http {

// Bytes of the valid UTF-8 sequence that `text` starts with; 0 when there is none. Source: Unicode 15, table 3-7.
std::size_t utf8_sequence(std::string_view text);

bool valid_utf8(std::string_view text);

}  // namespace api::http
