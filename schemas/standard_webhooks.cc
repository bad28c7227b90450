#include "schemas/standard_webhooks.h"

#include "core/invariant.h"
#include "schemas/digest.h"

namespace schemas::standard_webhooks {
namespace {

std::string key_of(std::string_view secret) {
  constexpr std::string_view prefix = "whsec_";
  if (secret.starts_with(prefix)) {
    if (auto decoded = from_base64(secret.substr(prefix.size()))) return *std::move(decoded);
  }
  return std::string(secret);
}

}  // namespace

core::Result<void> check_secret(std::string_view secret) {
  if (secret.size() > secret_bytes_max || key_of(secret).size() < key_bytes_min) {
    return core::Error{core::ErrorCode::invalid_request,
                       "a webhook secret is \"whsec_\" and the base64 of 24 to 64 random bytes; other texts are taken "
                       "as they are when the key in them has at least 8 bytes and the text at most 256"};
  }
  return {};
}

std::string sign(const core::Secret& secret, std::string_view id, std::chrono::sys_seconds timestamp,
                 std::string_view body) {
  INVARIANT(id.find('.') == std::string_view::npos);
  std::string text(id);
  text += '.';
  text += std::to_string(timestamp.time_since_epoch().count());
  text += '.';
  text += body;
  return "v1," + to_base64(hmac_sha256_raw(key_of(secret.reveal()), text));
}

bool verify(const core::Secret& secret, std::string_view id, std::chrono::sys_seconds timestamp, std::string_view body,
            std::string_view signatures, std::chrono::sys_seconds now) {
  if (id.find('.') != std::string_view::npos) return false;
  if (timestamp < now - tolerance || timestamp > now + tolerance) return false;
  const std::string expected = sign(secret, id, timestamp, body);
  while (!signatures.empty()) {
    const std::size_t end = signatures.find(' ');
    if (equal_constant_time(signatures.substr(0, end), expected)) return true;
    signatures.remove_prefix(end == std::string_view::npos ? signatures.size() : end + 1);
  }
  return false;
}

}  // namespace schemas::standard_webhooks
