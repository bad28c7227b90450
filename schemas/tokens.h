// The grammar of ids and of the tokens that callers present. A token carries its org, so that any node finds the
// partition that knows it without a lookup.
//
//   ULID            26 lower-case Crockford base-32 digits: 48 bits of milliseconds, 80 random bits
//   API key         "ob_live_" + ULID of the org + 32 base-62 digits + 6 base-62 digits of the CRC-32 of all before
//   them session token   "obs_" + ULID of the org + 43 base-62 digits one-time token  "obv_" + ULID of the org + 43
//   base-62 digits
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"

namespace schemas {

constexpr std::string_view crockford_digits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view base62_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::string_view org_prefix = "org_";
constexpr std::string_view api_key_prefix = "ob_live_";
constexpr std::string_view session_token_prefix = "obs_";
constexpr std::string_view one_time_token_prefix = "obv_";

constexpr std::size_t ulid_digits = 26;
constexpr std::size_t api_key_secret_digits = 32;
constexpr std::size_t api_key_checksum_digits = 6;
constexpr std::size_t token_secret_digits = 43;  // 256 bits

bool ulid_well_formed(std::string_view text);

// Tells scanners and typing mistakes apart from keys without a lookup; says nothing of whether the key exists.
std::string api_key_checksum(std::string_view text_before);
bool api_key_well_formed(std::string_view text);

// The org that any of the three tokens names; nothing if the text is none of them.
std::optional<core::OrgId> org_of_token(std::string_view text);

}  // namespace schemas
