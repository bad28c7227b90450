// Signatures by a key in a file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "processors/ports/signer.h"

namespace adapters::signing {

// What the public key alone is good for.
class Ed25519Verifier final : public processors::Verifier {
 public:
  // A file as Ed25519Signer makes it: the key in base64, and a line feed. Errors: storage_failed,
  // configuration_invalid (that is no such key).
  static core::Result<std::unique_ptr<Ed25519Verifier>> read(const std::filesystem::path& file);

  explicit Ed25519Verifier(std::string public_key);

  std::string key_id() const override { return key_id_; }
  bool verify(std::string_view text, std::string_view signature) const override;

 private:
  std::string public_key_;  // 32 bytes
  std::string key_id_;
};

// The pair of keys of a deployment, in the directory that its nodes share: `signing`, 32 bytes that nobody but the
// owner of the file may read, and `signing.pub` for whoever checks what was signed.
class Ed25519Signer final : public processors::Signer {
 public:
  // Makes the keys at the first use; of several nodes that start at once, one makes them. Errors: storage_failed,
  // configuration_invalid (others may read the key, or the two do not belong together).
  static core::Result<std::unique_ptr<Ed25519Signer>> open(const std::filesystem::path& keys);
  // Only if they are there. Errors: storage_failed, configuration_invalid.
  static core::Result<std::unique_ptr<Ed25519Signer>> read(const std::filesystem::path& keys);

  ~Ed25519Signer() override;

  std::string key_id() const override { return verifier_.key_id(); }
  bool verify(std::string_view text, std::string_view signature) const override {
    return verifier_.verify(text, signature);
  }
  std::string sign(std::string_view text) const override;

 private:
  Ed25519Signer(std::string secret_key, std::string public_key);

  std::string secret_key_;  // 64 bytes; wiped at the end
  Ed25519Verifier verifier_;
};

// Where the public key of a keys directory lies.
std::filesystem::path public_key_file(const std::filesystem::path& keys);

}  // namespace adapters::signing
