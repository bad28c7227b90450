#include "schemas/tokens.h"

#include <zlib.h>

namespace schemas {
namespace {

bool all_of_digits(std::string_view text, std::string_view digits) {
  return text.find_first_not_of(digits) == std::string_view::npos;
}

// Prefix, ULID and exactly `secret_digits` base-62 digits.
bool has_form(std::string_view text, std::string_view prefix, std::size_t secret_digits) {
  return text.size() == prefix.size() + ulid_digits + secret_digits && text.starts_with(prefix) &&
         ulid_well_formed(text.substr(prefix.size(), ulid_digits)) &&
         all_of_digits(text.substr(prefix.size() + ulid_digits), base62_digits);
}

core::OrgId org_after(std::string_view prefix, std::string_view text) {
  return core::OrgId(std::string(org_prefix).append(text.substr(prefix.size(), ulid_digits)));
}

}  // namespace

bool ulid_well_formed(std::string_view text) {
  // 26 digits hold 130 bits; the first may use only its lower three.
  return text.size() == ulid_digits && text.front() <= '7' && all_of_digits(text, crockford_digits);
}

std::string api_key_checksum(std::string_view text_before) {
  auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(text_before.data()), static_cast<uInt>(text_before.size()));
  std::string digits(api_key_checksum_digits, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, checksum /= base62_digits.size())
    *digit = base62_digits[checksum % base62_digits.size()];
  return digits;
}

bool api_key_well_formed(std::string_view text) {
  if (!has_form(text, api_key_prefix, api_key_secret_digits + api_key_checksum_digits)) return false;
  const std::size_t checksum_at = text.size() - api_key_checksum_digits;
  return text.substr(checksum_at) == api_key_checksum(text.substr(0, checksum_at));
}

std::optional<core::OrgId> org_of_token(std::string_view text) {
  if (api_key_well_formed(text)) return org_after(api_key_prefix, text);
  for (const std::string_view prefix : {session_token_prefix, one_time_token_prefix})
    if (has_form(text, prefix, token_secret_digits)) return org_after(prefix, text);
  return std::nullopt;
}

}  // namespace schemas
