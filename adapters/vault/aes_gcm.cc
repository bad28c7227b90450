#include "adapters/vault/aes_gcm.h"

#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "adapters/random/random.h"
#include "core/invariant.h"

namespace adapters::vault {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int length_of(std::string_view text) {
  INVARIANT(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(text.size());
}

}  // namespace

std::string encrypt(std::string_view key, std::string_view bound, std::string_view plain) {
  INVARIANT(key.size() == key_bytes);
  const std::string nonce = random::random_bytes(nonce_bytes);
  std::string text(plain.size(), '\0');
  std::string tag(tag_bytes, '\0');
  int length = 0;
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  INVARIANT(cipher != nullptr);
  INVARIANT(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1);
  INVARIANT(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), length_of(bound)) == 1);
  INVARIANT(EVP_EncryptUpdate(cipher.get(), bytes_of(text), &length, bytes_of(plain), length_of(plain)) == 1);
  INVARIANT(EVP_EncryptFinal_ex(cipher.get(), bytes_of(text) + length, &length) == 1);
  INVARIANT(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, bytes_of(tag)) == 1);
  return nonce + text + tag;
}

std::optional<std::string> decrypt(std::string_view key, std::string_view bound, std::string_view encrypted) {
  INVARIANT(key.size() == key_bytes);
  if (encrypted.size() < nonce_bytes + tag_bytes) return std::nullopt;
  const std::string_view nonce = encrypted.substr(0, nonce_bytes);
  const std::string_view text = encrypted.substr(nonce_bytes, encrypted.size() - nonce_bytes - tag_bytes);
  std::string tag(encrypted.substr(encrypted.size() - tag_bytes));
  std::string plain(text.size(), '\0');
  int length = 0;
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  INVARIANT(cipher != nullptr);
  INVARIANT(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1);
  INVARIANT(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, bytes_of(tag)) == 1);
  INVARIANT(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), length_of(bound)) == 1);
  INVARIANT(EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &length, bytes_of(text), length_of(text)) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + length, &length) != 1) return std::nullopt;
  return plain;
}

}  // namespace adapters::vault
