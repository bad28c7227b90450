// Keeps secrets and personal data readable only to this deployment: one data key per org, so that an org can be erased.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"
#include "core/sealed.h"

namespace processors {

// Threading: any thread.
class Vault {
 public:
  virtual ~Vault() = default;

  // AES-256-GCM under the org's data key, which is made and stored durably on first use.
  virtual core::Result<core::Sealed> seal(const core::OrgId& org, std::string_view plain) = 0;
  // Errors: storage_failed (key missing: the org was erased), log_corrupt (not sealed for this org by this deployment).
  virtual core::Result<std::string> unseal(const core::OrgId& org, const core::Sealed& sealed) const = 0;

  // Destroys the org's key, for good: nothing of it can be unsealed or sealed any more. Once more is fine.
  // Errors: storage_failed.
  virtual core::Result<void> erase(const core::OrgId& org) = 0;

  // HMAC-SHA-256 under a key of this deployment. `purpose` separates uses: "email", "file_url", "cursor", "operator".
  virtual core::Digest mac(std::string_view purpose, std::string_view text) const = 0;
};

}  // namespace processors
