// What Stripe signs its webhooks with: "t=<seconds>,v1=<hex>[,v1=<hex>…]", each v1 the HMAC-SHA-256 over "<t>.<body>".
// The key is the secret as it stands, "whsec_" and all, unlike that of Standard Webhooks. There are several v1 while a
// secret is being changed; schemes of other names are passed over.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/sealed.h"

namespace schemas::stripe {

constexpr std::chrono::seconds tolerance{300};  // between a message's time and its arrival, either way

// The value of `Stripe-Signature`, with one v1.
std::string sign(const core::Secret& secret, std::chrono::sys_seconds time, std::string_view body);

// Requires: a secret that is not empty; a body as it came, to the byte.
// Errors: signature_invalid, signature_expired (signed by Stripe, but old or of the future).
core::Result<void> verify(const core::Secret& secret, std::string_view header, std::string_view body,
                          std::chrono::sys_seconds now);

}  // namespace schemas::stripe
