// AES-256-GCM as NIST SP 800-38D has it, with a random nonce: fine for 2^32 messages a key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace adapters::vault {

constexpr std::size_t key_bytes = 32;

// nonce (12 bytes) || ciphertext || tag (16 bytes). `key` has key_bytes; `bound` is authenticated, not contained.
std::string encrypt(std::string_view key, std::string_view bound, std::string_view plain);

// Nothing unless every byte is as encrypt() made it, under the same key and bound to the same text.
std::optional<std::string> decrypt(std::string_view key, std::string_view bound, std::string_view encrypted);

}  // namespace adapters::vault
