// Signatures of Standard Webhooks 1.0.0: "v1," and the base64 of HMAC-SHA-256 over "<id>.<timestamp>.<body>".
//
// The key in a secret: of "whsec_" and strict base64 the decoded bytes, as the specification says; of any other text
// its own bytes, as they are, so that secrets people made up (also "whsec_" and a phrase) work.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/sealed.h"

namespace schemas::standard_webhooks {

constexpr std::size_t key_bytes_min = 8;
constexpr std::size_t secret_bytes_max = 256;
constexpr std::chrono::seconds tolerance{300};  // between a message's timestamp and its arrival, either way

// Errors: invalid_request.
core::Result<void> check_secret(std::string_view secret);

// The value of `webhook-signature`. `id` holds no '.'; `timestamp` is that of this attempt.
std::string sign(const core::Secret& secret, std::string_view id, std::chrono::sys_seconds timestamp,
                 std::string_view body);

// Whether one of the space-separated `signatures` is ours, and the message neither old nor of the future.
bool verify(const core::Secret& secret, std::string_view id, std::chrono::sys_seconds timestamp, std::string_view body,
            std::string_view signatures, std::chrono::sys_seconds now);

}  // namespace schemas::standard_webhooks
