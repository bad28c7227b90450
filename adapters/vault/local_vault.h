#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "adapters/files/files.h"
#include "processors/ports/vault.h"

namespace adapters::vault {

// Keys in local files. The master key (32 random bytes) stays in its file; from it are derived, by HMAC-SHA-256, the
// key that wraps data keys and one key a purpose of mac(). Each org has a random data key, wrapped and bound to the
// org's id:
//
//   <keys>/master       made at first start with mode 0600; whoever loses it loses everything sealed
//   <keys>/orgs/<org>   "v1." + base64url of the wrapped key, or "erased"
//   <keys>/lock         shared while the vault is open, by as many processes as like
//
// Sealed text: "v1." + base64url(nonce || ciphertext || tag), AES-256-GCM, bound to the org's id.
//
// Threading:  any thread. One mutex, held while a key is read or made, not while sealing.
// Processes:  any number on one directory: of those that make a key at once one succeeds and all use it, and what one
//             erases no other uses any more (on a network's file system: as soon as that shows them the new file).
// Durability: a data key is durable before anything is sealed with it.
// Erasing:    overwrites the name of a key, not the disk below; a backup of the keys still holds it.
class LocalVault final : public processors::Vault {
 public:
  static constexpr std::size_t cached_keys_default = 4096;
  static constexpr std::size_t plain_bytes_max = 16u << 20;

  // Makes what is missing. Errors: storage_failed; configuration_invalid (the master key is readable by others, has the
  // wrong length, or is missing although orgs have keys).
  static core::Result<std::unique_ptr<LocalVault>> open(const std::filesystem::path& keys,
                                                        std::size_t cached_keys_max = cached_keys_default);

  // Errors: storage_failed (also: the org was erased), invalid_request (not an org's id), payload_too_large.
  core::Result<core::Sealed> seal(const core::OrgId& org, std::string_view plain) override;
  core::Result<std::string> unseal(const core::OrgId& org, const core::Sealed& sealed) const override;
  core::Digest mac(std::string_view purpose, std::string_view text) const override;

  core::Result<void> erase(const core::OrgId& org) override;

 private:
  enum class IfMissing { fail, make };

  struct DataKey {
    std::string key;
    std::uint64_t file;  // its inode: erasing puts another file in its place
  };
  using Entry = std::pair<std::string, DataKey>;  // with the org's id

  LocalVault(std::filesystem::path keys, std::string master_key, std::size_t cached_keys_max,
             files::Descriptor membership);

  core::Result<std::string> data_key(const core::OrgId& org, IfMissing if_missing) const;
  std::optional<DataKey> find_cached(const core::OrgId& org) const;
  core::Result<DataKey> read_or_make(const core::OrgId& org, IfMissing if_missing) const;
  core::Result<DataKey> read(const core::OrgId& org) const;
  std::filesystem::path file_of(const core::OrgId& org) const;

  const std::filesystem::path orgs_;
  const std::string master_key_;
  const std::string wrapping_key_;
  const std::size_t cached_keys_max_;
  mutable std::mutex mutex_;         // guards all below, and the files
  mutable std::list<Entry> recent_;  // most recently used first
  mutable std::unordered_map<std::string, std::list<Entry>::iterator> cached_;
  const files::Descriptor membership_;
};

}  // namespace adapters::vault
