// Small JSON documents that are only ever stored sealed.
#pragma once

#include <string>
#include <string_view>

#include "core/manifest.h"
#include "core/result.h"

namespace schemas {

// Who an account belongs to.
struct Profile {
  std::string name;           // of the person or the agent; may be empty
  std::string org_name;       // never empty
  std::string email;          // as the user wrote it
  std::string password_hash;  // argon2id, PHC string
};
std::string encode_profile(const Profile& profile);
core::Result<Profile> decode_profile(std::string_view text);  // Errors: log_corrupt

// Whom payments are about.
struct BillingContact {
  std::string email;
  std::string name;  // may be empty
};
std::string encode_billing_contact(const BillingContact& contact);
core::Result<BillingContact> decode_billing_contact(std::string_view text);  // Errors: log_corrupt

// Where a webhook goes.
std::string encode_webhook(const core::Webhook& webhook);
core::Result<core::Webhook> decode_webhook(std::string_view text);  // Errors: log_corrupt

}  // namespace schemas
