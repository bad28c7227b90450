#include "schemas/profile.h"

#include "schemas/json_codec.h"

namespace schemas {

SCHEMAS_FIELDS(Profile, name, org_name, email, password_hash);
SCHEMAS_FIELDS(core::Webhook, url, secret);

namespace {

template <class T>
std::string encode(const T& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

template <class T>
core::Result<T> decode(std::string_view text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  T value;
  std::string path;
  if (document.HasParseError() || !read_json(document, value, path))
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
std::string encode_webhook(const core::Webhook& webhook) {
  return encode(webhook);
}
core::Result<core::Webhook> decode_webhook(std::string_view text) {
  return decode<core::Webhook>(text);
}

}  // namespace schemas
