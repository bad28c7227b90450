#pragma once

#include <string>
#include <utility>

namespace core {

// Encrypted by the vault for one org: what events may hold of secrets and personal data.
class Sealed {
 public:
  Sealed() = default;
  explicit Sealed(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }  // "v1." and base64url
  friend bool operator==(const Sealed&, const Sealed&) = default;

 private:
  std::string text_;
};

// A value that must never be printed: it has no formatter, no stream operator and no codec.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace core
