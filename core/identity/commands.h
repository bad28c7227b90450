#pragma once

#include <optional>
#include <string>

#include "core/ids.h"
#include "core/sealed.h"
#include "core/time.h"

namespace core::identity {

// How an account came to be: by a person's sign-up form, or by an autonomous agent.
enum class AccountKind { customer, agent };

// sign_up_again: there were several sign-ups with the address and none was verified.
enum class MailKind { verification, sign_up_again, password_reset, password_changed };

// A token to prove that an address can be read: its digest to look it up, itself sealed for the mail.
struct NewToken {
  Digest digest;
  Sealed sealed;
};

// To the e-mail address's own partition: makes the address belong to one org. Answers the org it belongs to.
struct ClaimEmail {
  Digest email;  // HMAC of the normalized address
  OrgId org;
  UserId user;
  AccountKind kind = AccountKind::customer;
  Sealed profile;  // JSON {name, org_name, email, password_hash}, sealed for `org`
  NewToken verification;
};

// Follows from a claim.
struct CreateOrg {
  OrgId org;
  UserId user;
  AccountKind kind = AccountKind::customer;
  Digest email;
  Sealed profile;
  NewToken verification;
};

// Sends a new verification mail to an org whose address is not verified yet. The profile that counts in the end is the
// one of the token that is used: whoever reads the mail decides, not whoever signed up first.
struct RequestVerification {
  OrgId org;
  Sealed profile;
  NewToken verification;
};

// Sends the link once more, for the profile that was signed up with. When there were several sign-ups it cannot know
// whose password would count: then the mail has no link and says to sign up again.
struct ResendVerification {
  OrgId org;
  NewToken verification;
};

// For an org whose address is verified; others are not told apart.
struct RequestPasswordReset {
  OrgId org;
  NewToken reset;
};

// Sessions that were opened before it open nothing any more.
struct ResetPassword {
  OrgId org;
  Digest token;
  Sealed profile;  // with the new password's hash
};

struct NewSession {
  SessionId id;
  Digest token;
};

struct VerifyEmail {
  OrgId org;
  Digest token;
  NewSession session;
};

// The password has been checked by the caller.
struct OpenSession {
  OrgId org;
  NewSession session;
  std::optional<std::uint32_t> credentials_version = {};  // of the password that was checked
};

struct CloseSession {
  OrgId org;
  Digest token;
};

struct NewApiKey {
  ApiKeyId id;
  Digest secret;     // SHA-256 of the whole key
  std::string hint;  // its last four characters
};

struct CreateApiKey {
  OrgId org;
  NewApiKey key;
  std::string label;
};

struct RevokeApiKey {
  OrgId org;
  ApiKeyId key;
};

// A new secret under the same label; the old one works until `grace` has passed.
struct RotateApiKey {
  OrgId org;
  ApiKeyId key;
  NewApiKey replacement;
  Duration grace{};
};

// For good.
struct EraseOrg {
  OrgId org;
  std::string ordered_by;  // the operator
  std::string reason;
};

}  // namespace core::identity
