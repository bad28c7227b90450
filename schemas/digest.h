// Digests, and bytes as text. Decoding is strict: each text has one meaning and each meaning one text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"

namespace schemas {

constexpr std::size_t sha256_bytes = 32;

// SHA-256 of bytes that come in pieces. Good for one digest: nothing may be called after finish.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  std::string finish_raw();  // 32 bytes
  core::Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;  // null once finished
};

core::Digest sha256(std::string_view bytes);
std::string sha256_raw(std::string_view bytes);                            // 32 bytes
std::string hmac_sha256_raw(std::string_view key, std::string_view text);  // 32 bytes

// Takes as long for texts that differ at once as for equal ones; only a difference in length shows.
bool equal_constant_time(std::string_view left, std::string_view right);

// Lower case, both ways.
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

// RFC 4648 §4, with padding.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// RFC 4648 §5, without padding.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace schemas
