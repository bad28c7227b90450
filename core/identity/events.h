#pragma once

#include <optional>
#include <string>

#include "core/identity/commands.h"

namespace core::identity {

struct EmailClaimed final {
  Digest email;
  OrgId org;
  UserId user;
  AccountKind kind = AccountKind::customer;
  Sealed profile;
  NewToken verification;
};

struct OrgCreated final {
  OrgId org;
  UserId user;
  AccountKind kind = AccountKind::customer;
  Digest email;
};

struct VerificationRequested final {
  OrgId org;
  MailId mail;
  Sealed profile;
  NewToken verification;
  Timestamp expires_at;
  bool resent = false;  // for a sign-up that was mailed to before
};

// A mail that says to sign up again.
struct SignUpReminded final {
  OrgId org;
  MailId mail;
  Sealed profile;
};

struct PasswordResetRequested final {
  OrgId org;
  MailId mail;
  Sealed profile;  // for the address
  NewToken reset;
  Timestamp expires_at;
};

struct PasswordChanged final {
  OrgId org;
  Digest token;
  MailId mail;  // that tells the owner
  Sealed profile;
};

struct EmailVerified final {
  OrgId org;
  Digest token;
};

struct SessionOpened final {
  OrgId org;
  UserId user;
  NewSession session;
  Timestamp expires_at;
};

struct SessionClosed final {
  OrgId org;
  Digest token;
};

struct ApiKeyCreated final {
  OrgId org;
  NewApiKey key;
  std::string label;
};

struct ApiKeyRevoked final {
  OrgId org;
  ApiKeyId key;
  Timestamp effective_at;
  std::optional<ApiKeyId> replaced_by;
};

// The org is gone but for its books: what is sealed for it can soon be read by nobody.
struct OrgErased final {
  OrgId org;
  Digest email;
  std::string ordered_by;
  std::string reason;
};

}  // namespace core::identity
