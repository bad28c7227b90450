#include "schemas/stripe_signature.h"

#include <charconv>
#include <optional>

#include "core/invariant.h"
#include "schemas/digest.h"

namespace schemas::stripe {

namespace {

constexpr std::size_t header_bytes_max = 4'096;
constexpr std::int64_t time_max = 253'402'300'799;  // the end of the year 9999

std::string signature_of(const core::Secret& secret, std::string_view time, std::string_view body) {
  std::string text(time);
  text.append(".").append(body);
  return to_hex(hmac_sha256_raw(secret.reveal(), text));
}

core::Error invalid() {
  return {core::ErrorCode::signature_invalid,
          "the Stripe-Signature does not fit this body: check that the endpoint's signing secret is the one that is "
          "configured, and that nothing in between changes the body",
          "Stripe-Signature"};
}

// Digits only, as they were signed.
std::optional<std::chrono::sys_seconds> time_from(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > time_max)
    return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

std::string sign(const core::Secret& secret, std::chrono::sys_seconds time, std::string_view body) {
  const std::string seconds = std::to_string(time.time_since_epoch().count());
  return "t=" + seconds + ",v1=" + signature_of(secret, seconds, body);
}

core::Result<void> verify(const core::Secret& secret, std::string_view header, std::string_view body,
                          std::chrono::sys_seconds now) {
  INVARIANT(!secret.reveal().empty());
  if (header.size() > header_bytes_max) return invalid();
  const std::size_t time_at = header.find("t=");
  if (time_at == std::string_view::npos || (time_at > 0 && header[time_at - 1] != ',')) return invalid();
  const std::string_view time_text = header.substr(time_at + 2, header.substr(time_at + 2).find(','));
  const auto time = time_from(time_text);
  if (!time) return invalid();

  const std::string expected = signature_of(secret, time_text, body);
  bool signed_by_stripe = false;
  while (!header.empty()) {
    const std::size_t end = header.find(',');
    const std::string_view part = header.substr(0, end);
    if (part.starts_with("v1=")) signed_by_stripe |= equal_constant_time(part.substr(3), expected);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
  }
  if (!signed_by_stripe) return invalid();
  if (*time < now - tolerance || *time > now + tolerance)
    return core::Error{core::ErrorCode::signature_expired,
                       "this message was signed more than 300 seconds from now: it is a replay, or a clock is wrong",
                       "Stripe-Signature"};
  return {};
}

}  // namespace schemas::stripe
