#include "adapters/random/random.h"

#include <sys/random.h>

#include <cerrno>

#include "core/invariant.h"
#include "schemas/tokens.h"

namespace adapters::random {
namespace {

std::string ulid_of(const core::OrgId& org) {
  INVARIANT(org.value().starts_with(schemas::org_prefix));
  std::string ulid = org.value().substr(schemas::org_prefix.size());
  INVARIANT(schemas::ulid_well_formed(ulid));
  return ulid;
}

core::Secret make_token(std::string_view prefix, const core::OrgId& org) {
  return core::Secret(std::string(prefix) + ulid_of(org) + random_base62(schemas::token_secret_digits));
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t have = 0; have < count;) {
    const ssize_t got = ::getrandom(bytes.data() + have, count - have, 0);
    // Without randomness nothing here is safe to go on with; the kernel fails this call only for wrong arguments.
    INVARIANT(got >= 0 || errno == EINTR);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_base62(std::size_t digits) {
  // Six bits hold 64 values; the two that are no digit are drawn again, so that none is favoured.
  std::string text;
  while (text.size() < digits) {
    for (const char byte : random_bytes(digits - text.size())) {
      const unsigned value = static_cast<unsigned char>(byte) & 63u;
      if (value < schemas::base62_digits.size()) text += schemas::base62_digits[value];
    }
  }
  return text;
}

std::string make_ulid(core::Timestamp now) {
  constexpr std::size_t time_digits = 10;
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  INVARIANT(milliseconds >= 0 && milliseconds >> 48 == 0);
  std::string ulid(time_digits, '0');
  auto rest = static_cast<std::uint64_t>(milliseconds);
  for (auto digit = ulid.rbegin(); digit != ulid.rend(); ++digit, rest >>= 5)
    *digit = schemas::crockford_digits[rest & 31];
  for (const char byte : random_bytes(schemas::ulid_digits - time_digits))
    ulid += schemas::crockford_digits[static_cast<unsigned char>(byte) & 31];
  return ulid;
}

core::Secret make_api_key(const core::OrgId& org) {
  std::string key = std::string(schemas::api_key_prefix) + ulid_of(org) + random_base62(schemas::api_key_secret_digits);
  key += schemas::api_key_checksum(key);
  return core::Secret(std::move(key));
}

core::Secret make_session_token(const core::OrgId& org) {
  return make_token(schemas::session_token_prefix, org);
}
core::Secret make_one_time_token(const core::OrgId& org) {
  return make_token(schemas::one_time_token_prefix, org);
}

}  // namespace adapters::random
