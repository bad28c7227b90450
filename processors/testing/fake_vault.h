#pragma once

#include <set>
#include <string>

#include "processors/ports/vault.h"
#include "schemas/digest.h"

namespace processors::testing {

// Seals by naming the org in front, so that a test can read what was sealed. Threading: one thread at a time.
class FakeVault final : public Vault {
 public:
  core::Result<core::Sealed> seal(const core::OrgId& org, std::string_view plain) override {
    return core::Sealed("for " + org.value() + ":" + std::string(plain));
  }
  core::Result<std::string> unseal(const core::OrgId& org, const core::Sealed& sealed) const override {
    if (erased_.contains(org)) return core::Error{core::ErrorCode::storage_failed, "the org's key is gone"};
    const std::string lock = "for " + org.value() + ":";
    if (!sealed.text().starts_with(lock)) return core::Error{core::ErrorCode::log_corrupt, "not sealed for this org"};
    return sealed.text().substr(lock.size());
  }
  core::Digest mac(std::string_view purpose, std::string_view text) const override {
    return core::Digest(schemas::to_hex(schemas::hmac_sha256_raw("of tests/" + std::string(purpose), text)));
  }

  core::Result<void> erase(const core::OrgId& org) override {
    erased_.insert(org);
    return {};
  }

 private:
  std::set<core::OrgId> erased_;
};

}  // namespace processors::testing
