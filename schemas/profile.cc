#include "schemas/profile.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Profile, name, org_name, email, password_hash);
SCHEMAS_FIELDS(BillingContact, email, name);
SCHEMAS_FIELDS(core::Webhook, url, secret);

namespace {

template <class T>
std::string encode(const T& value) {
  return to_json_text(value);
}

template <class T>
core::Result<T> decode(std::string_view text) {
  T value;
  std::string path;
  if (!from_json_text(text, value, path))
    return core::Error{core::ErrorCode::log_corrupt, "a sealed document cannot be read"};
  return value;
}

}  // namespace

std::string encode_profile(const Profile& profile) {
  return encode(profile);
}
core::Result<Profile> decode_profile(std::string_view text) {
  return decode<Profile>(text);
}
std::string encode_billing_contact(const BillingContact& contact) {
  return encode(contact);
}
core::Result<BillingContact> decode_billing_contact(std::string_view text) {
  return decode<BillingContact>(text);
}
std::string encode_webhook(const core::Webhook& webhook) {
  return encode(webhook);
}
core::Result<core::Webhook> decode_webhook(std::string_view text) {
  return decode<core::Webhook>(text);
}

}  // namespace schemas
