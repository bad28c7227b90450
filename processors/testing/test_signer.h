// Signs with a word that everybody may know.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "processors/ports/signer.h"
#include "schemas/digest.h"

namespace processors::testing {

class TestSigner final : public Signer {
 public:
  explicit TestSigner(std::string word = "word") : word_(std::move(word)) {}

  std::string key_id() const override { return word_; }
  std::string sign(std::string_view text) const override {
    return schemas::to_base64(schemas::hmac_sha256_raw(word_, text));
  }
  bool verify(std::string_view text, std::string_view signature) const override { return sign(text) == signature; }

 private:
  const std::string word_;
};

}  // namespace processors::testing
