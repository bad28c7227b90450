#include "schemas/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>

#include "core/invariant.h"

namespace schemas {

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> evp{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  INVARIANT(context_->evp != nullptr);
  INVARIANT(EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  INVARIANT(context_ != nullptr);
  INVARIANT(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish_raw() {
  INVARIANT(context_ != nullptr);
  std::array<unsigned char, sha256_bytes> digest;
  INVARIANT(EVP_DigestFinal_ex(context_->evp.get(), digest.data(), nullptr) == 1);
  context_.reset();
  return {digest.begin(), digest.end()};
}

core::Digest Sha256::finish() {
  return core::Digest(to_hex(finish_raw()));
}

std::string sha256_raw(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_raw();
}

core::Digest sha256(std::string_view bytes) {
  return core::Digest(to_hex(sha256_raw(bytes)));
}

std::string hmac_sha256_raw(std::string_view key, std::string_view text) {
  std::array<unsigned char, sha256_bytes> digest;
  INVARIANT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr) != nullptr);
  return {digest.begin(), digest.end()};
}

bool equal_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Bytes as digits of `bits` bits, most significant first; the last digit is filled with zero bits.
std::string encode(std::string_view bytes, std::string_view digits, unsigned bits) {
  std::string text;
  text.reserve((bytes.size() * 8 + bits - 1) / bits);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    window = (window << 8) | static_cast<unsigned char>(byte);
    for (held += 8; held >= bits; held -= bits) text += digits[(window >> (held - bits)) & ((1u << bits) - 1)];
  }
  if (held > 0) text += digits[(window << (bits - held)) & ((1u << bits) - 1)];
  return text;
}

constexpr std::array<std::int8_t, 256> values_of(std::string_view digits) {
  std::array<std::int8_t, 256> values{};
  for (std::int8_t& value : values) value = -1;
  for (std::size_t value = 0; value < digits.size(); ++value)
    values[static_cast<unsigned char>(digits[value])] = static_cast<std::int8_t>(value);
  return values;
}

constexpr auto hex_values = values_of(hex_digits);
constexpr auto base64_values = values_of(base64_digits);
constexpr auto base64url_values = values_of(base64url_digits);

std::optional<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& values, unsigned bits) {
  std::string bytes;
  bytes.reserve(text.size() * bits / 8);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const char digit : text) {
    const std::int8_t value = values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    window = (window << bits) | static_cast<std::uint32_t>(value);
    held += bits;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>((window >> held) & 0xff);
  }
  // What is left over must be too short for another digit, and zero.
  if (held >= bits || (window & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  return encode(bytes, hex_digits, 4);
}
std::optional<std::string> from_hex(std::string_view text) {
  return decode(text, hex_values, 4);
}

std::string to_base64url(std::string_view bytes) {
  return encode(bytes, base64url_digits, 6);
}
std::optional<std::string> from_base64url(std::string_view text) {
  return decode(text, base64url_values, 6);
}

std::string to_base64(std::string_view bytes) {
  std::string text = encode(bytes, base64_digits, 6);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode(text, base64_values, 6);
}

}  // namespace schemas
