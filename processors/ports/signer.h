// Signs what is written outside of the journal, so that an auditor who has the public key can tell whose word it is.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace processors {

// Ed25519. Threading: any thread.
class Verifier {
 public:
  virtual ~Verifier() = default;

  // Tells keys apart: the first 16 hexadecimal digits of the SHA-256 of the public key.
  virtual std::string key_id() const = 0;
  virtual bool verify(std::string_view text, std::string_view signature) const = 0;
};

class Signer : public Verifier {
 public:
  // Base64 of 64 bytes.
  virtual std::string sign(std::string_view text) const = 0;
};

}  // namespace processors
