#include "adapters/vault/local_vault.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "adapters/files/files.h"
#include "adapters/random/random.h"
#include "adapters/vault/aes_gcm.h"
#include "schemas/digest.h"

namespace adapters::vault {
namespace {

using core::Error;
using core::ErrorCode;
using std::filesystem::path;

constexpr std::string_view version = "v1.";
constexpr std::string_view erased = "erased";
constexpr std::size_t org_id_bytes_max = 64;

core::Result<void> check_org(const core::OrgId& org) {
  const std::string& id = org.value();
  if (!id.empty() && id.size() <= org_id_bytes_max &&
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos)
    return {};
  return Error{ErrorCode::invalid_request, "an org's id is at most 64 characters of [a-z0-9_]"};
}

core::Result<void> check_private(const files::Descriptor& file, const path& name) {
  struct stat status;
  if (::fstat(file.number(), &status) != 0) return files::failure("cannot look at", name);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return Error{ErrorCode::configuration_invalid,
               name.string() + " may be read by others: chmod 600 it, and think about who has read it"};
}

core::Result<std::string> read_master_key(const path& name) {
  auto file = files::open(name, O_RDONLY);
  if (!file) return file.error();
  if (auto checked = check_private(*file, name); !checked) return checked.error();
  auto size = files::size_of(*file, name);
  if (!size) return size.error();
  if (*size != key_bytes) {
    return Error{ErrorCode::configuration_invalid, name.string() + " must have 32 bytes: restore it from a backup"};
  }
  return files::read_at(*file, 0, key_bytes, name);
}

core::Result<void> make_master_key(const path& name, const path& orgs) {
  std::error_code error;
  const bool unused = std::filesystem::is_empty(orgs, error);
  // Looked for once more: another process may have made it, and a key of an org with it, in the meantime.
  if (error || (!unused && !std::filesystem::exists(name, error))) {
    return Error{ErrorCode::configuration_invalid,
                 name.string() + " is missing, but " + orgs.string() + " has keys wrapped by it: restore it"};
  }
  return files::create_durably(name, random::random_bytes(key_bytes));
}

core::Result<std::uint64_t> inode_of(const files::Descriptor& file, const path& name) {
  struct stat status;
  if (::fstat(file.number(), &status) != 0) return files::failure("cannot look at", name);
  return static_cast<std::uint64_t>(status.st_ino);
}

bool is_still(const path& name, std::uint64_t inode) {
  struct stat status;
  return ::stat(name.c_str(), &status) == 0 && status.st_ino == inode;
}

}  // namespace

LocalVault::LocalVault(path keys, std::string master_key, std::size_t cached_keys_max, files::Descriptor membership)
    : orgs_(std::move(keys) / "orgs"),
      master_key_(std::move(master_key)),
      wrapping_key_(schemas::hmac_sha256_raw(master_key_, "wrap")),
      cached_keys_max_(cached_keys_max),
      membership_(std::move(membership)) {}

core::Result<std::unique_ptr<LocalVault>> LocalVault::open(const path& keys, std::size_t cached_keys_max) {
  const path orgs = keys / "orgs";
  const path master = keys / "master";
  if (auto made = files::make_directories(orgs); !made) return made.error();
  auto joined = files::join_directory(keys, {keys, orgs});
  if (!joined) return joined.error();
  std::error_code error;
  const bool present = std::filesystem::exists(master, error);
  if (!present && !error)
    if (auto made = make_master_key(master, orgs); !made) return made.error();
  // Also when it was there: whoever made it may have been killed before its name was durable.
  if (auto synced = files::sync_directory(keys); !synced) return synced.error();
  auto key = read_master_key(master);
  if (!key) return key.error();
  return std::unique_ptr<LocalVault>(new LocalVault(keys, *std::move(key), cached_keys_max, *std::move(joined)));
}

core::Result<core::Sealed> LocalVault::seal(const core::OrgId& org, std::string_view plain) {
  if (plain.size() > plain_bytes_max) {
    return Error{ErrorCode::payload_too_large, "a text to be sealed has at most 16 MiB"};
  }
  auto key = data_key(org, IfMissing::make);
  if (!key) return key.error();
  return core::Sealed(std::string(version) + schemas::to_base64url(encrypt(*key, org.value(), plain)));
}

core::Result<std::string> LocalVault::unseal(const core::OrgId& org, const core::Sealed& sealed) const {
  auto key = data_key(org, IfMissing::fail);
  if (!key) return key.error();
  if (sealed.text().starts_with(version)) {
    if (const auto bytes = schemas::from_base64url(std::string_view(sealed.text()).substr(version.size())))
      if (auto plain = decrypt(*key, org.value(), *bytes)) return *std::move(plain);
  }
  return Error{ErrorCode::log_corrupt, "a sealed text was not sealed for " + org.value() +
                                           " by this deployment, or was changed: check the journal and the keys"};
}

core::Digest LocalVault::mac(std::string_view purpose, std::string_view text) const {
  const std::string key = schemas::hmac_sha256_raw(master_key_, "mac/" + std::string(purpose));
  return core::Digest(schemas::to_hex(schemas::hmac_sha256_raw(key, text)));
}

core::Result<void> LocalVault::erase(const core::OrgId& org) {
  if (auto checked = check_org(org); !checked) return checked;
  const std::lock_guard lock(mutex_);
  if (const auto found = cached_.find(org.value()); found != cached_.end()) {
    recent_.erase(found->second);
    cached_.erase(found);
  }
  // A mark, not a missing file: whatever is still on its way for the org must not make it a new key.
  return files::write_durably(file_of(org), erased);
}

core::Result<std::string> LocalVault::data_key(const core::OrgId& org, IfMissing if_missing) const {
  if (auto checked = check_org(org); !checked) return checked.error();
  if (auto cached = find_cached(org); cached && is_still(file_of(org), cached->file)) return std::move(cached->key);

  const std::lock_guard lock(mutex_);
  auto read = read_or_make(org, if_missing);
  if (const auto found = cached_.find(org.value()); found != cached_.end()) {
    recent_.erase(found->second);
    cached_.erase(found);
  }
  if (!read) return read.error();
  recent_.emplace_front(org.value(), *read);
  cached_.emplace(org.value(), recent_.begin());
  if (recent_.size() > cached_keys_max_) {
    cached_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return std::move(read->key);
}

std::optional<LocalVault::DataKey> LocalVault::find_cached(const core::OrgId& org) const {
  const std::lock_guard lock(mutex_);
  const auto found = cached_.find(org.value());
  if (found == cached_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->second;
}

core::Result<LocalVault::DataKey> LocalVault::read_or_make(const core::OrgId& org, IfMissing if_missing) const {
  const path file = file_of(org);
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) {
    if (if_missing == IfMissing::fail) {
      return Error{ErrorCode::storage_failed, "the key of " + org.value() + " is missing: restore " + file.string()};
    }
    const std::string key = random::random_bytes(key_bytes);
    const std::string wrapped = schemas::to_base64url(encrypt(wrapping_key_, org.value(), key));
    if (auto made = files::create_durably(file, std::string(version) + wrapped); !made) return made.error();
  } else if (if_missing == IfMissing::make) {
    // Another process may be about to make its name durable, or was killed before that. Nothing is sealed until it is.
    if (auto synced = files::sync_directory(orgs_); !synced) return synced.error();
  }
  // Also what was just made: another process may have been faster.
  return read(org);
}

core::Result<LocalVault::DataKey> LocalVault::read(const core::OrgId& org) const {
  const path name = file_of(org);
  const auto file = files::open(name, O_RDONLY);
  if (!file) return file.error();
  const auto inode = inode_of(*file, name);
  if (!inode) return inode.error();
  const auto size = files::size_of(*file, name);
  if (!size) return size.error();
  const auto text = files::read_at(*file, 0, static_cast<std::size_t>(*size), name);
  if (!text) return text.error();
  if (*text == erased) return Error{ErrorCode::storage_failed, org.value() + " was erased: nothing of it can be read"};
  if (text->starts_with(version)) {
    if (const auto wrapped = schemas::from_base64url(std::string_view(*text).substr(version.size())))
      if (auto key = decrypt(wrapping_key_, org.value(), *wrapped); key && key->size() == key_bytes)
        return DataKey{*std::move(key), *inode};
  }
  return Error{ErrorCode::storage_failed, name.string() + " was not wrapped for " + org.value() +
                                              " by this master key, or was changed: restore both together"};
}

path LocalVault::file_of(const core::OrgId& org) const {
  return orgs_ / org.value();
}

}  // namespace adapters::vault
