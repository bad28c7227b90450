#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "core/identity/commands.h"

namespace core::identity {

// Lives in the address's own partition.
struct EmailClaim {
  using Key = std::tuple<Digest>;
  Key key() const { return {email}; }

  Digest email;
  OrgId org;
  UserId user;
};

struct Org {
  using Key = std::tuple<OrgId>;
  Key key() const { return {id}; }

  OrgId id;
  UserId user;
  AccountKind kind = AccountKind::customer;
  Digest email;
  Timestamp created_at;
  std::optional<Timestamp> verified_at;
  Sealed profile;  // of the verification that was used; empty before
  std::uint32_t api_keys_active = 0;
  std::uint32_t mails = 0;                // asked for so far
  Sealed signed_up_profile;               // of the newest sign-up that is not verified
  std::uint32_t sign_ups = 0;             // with this address, before it was verified
  std::uint32_t credentials_version = 0;  // of the password; a session opens nothing under another
  std::uint32_t open_batches = 0;         // accepted and not ended
  std::optional<Timestamp> erased_at;     // from then on nobody gets in, and only the books are left
};

// Proves that an address can be read. Used once.
struct Verification {
  using Key = std::tuple<Digest>;
  Key key() const { return {token}; }

  Digest token;
  OrgId org;
  Sealed profile;
  Timestamp expires_at;
};

// Lets who reads the mail choose a new password. Used once.
struct PasswordReset {
  using Key = std::tuple<Digest>;
  Key key() const { return {token}; }

  Digest token;
  OrgId org;
  std::uint32_t credentials_version = 0;  // of the password that it replaces
  Timestamp expires_at;
};

struct Session {
  using Key = std::tuple<Digest>;
  Key key() const { return {token}; }

  Digest token;
  SessionId id;
  OrgId org;
  UserId user;
  Timestamp created_at;
  Timestamp expires_at;
  std::uint32_t credentials_version = 0;
};

struct ApiKey {
  using Key = std::tuple<OrgId, ApiKeyId>;
  Key key() const { return {org, id}; }

  OrgId org;
  ApiKeyId id;
  Digest secret;
  std::string hint;
  std::string label;
  Timestamp created_at;
  std::optional<Timestamp> revoked_at;  // may lie ahead: a rotated key in its grace time
  std::optional<ApiKeyId> replaced_by;
};

// From what a caller shows to the key it is.
struct ApiKeySecret {
  using Key = std::tuple<Digest>;
  Key key() const { return {secret}; }

  Digest secret;
  OrgId org;
  ApiKeyId id;
};

}  // namespace core::identity
