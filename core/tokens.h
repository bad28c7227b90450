// A deterministic count of tokens, close to what byte-pair vocabularies give, without one.
#pragma once

#include <cstdint>
#include <string_view>

namespace core {

// Tokens in UTF-8 text. Never negative; monotone under appending.
std::int64_t count_tokens(std::string_view text);

}  // namespace core
