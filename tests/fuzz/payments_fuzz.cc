// Fuzzes what payment and mail providers send: objects of Stripe's API and webhooks, refusals, and the headers by which
// webhooks are signed. Whatever the bytes, they are read or refused with a reason; what was not signed by us is never
// taken for it. The first byte chooses.
#include <cstdint>
#include <string>

#include "schemas/resend.h"
#include "schemas/standard_webhooks.h"
#include "schemas/stripe_objects.h"
#include "schemas/stripe_signature.h"
#include "tests/fuzz/input.h"

namespace {

using fuzz::require;

const core::Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'795'000'000)};

template <class Object>
void check(const core::Result<Object>& object) {
  require(object.has_value() || !object.error().detail.empty());
}

// The header and the body, a line each. A good signature stays good whatever stands beside it.
void check_stripe_signature(fuzz::Input input) {
  namespace stripe = schemas::stripe;
  const std::string header(input.until('\n'));
  const std::string_view body = input.rest();
  const std::string ours = stripe::sign(secret, now, body);
  require(stripe::verify(secret, ours, body, now).has_value());
  require(!stripe::verify(secret, ours, std::string(body) + " ", now).has_value());
  require(!stripe::verify(secret, ours, body, now + stripe::tolerance + std::chrono::seconds(1)).has_value());
  const auto verified = stripe::verify(secret, header, body, now);
  const std::string hex = ours.substr(ours.find("v1=") + 3);
  if (verified.has_value()) return require(header.find(hex) != std::string::npos);
  require(verified.error().code == core::ErrorCode::signature_invalid ||
          verified.error().code == core::ErrorCode::signature_expired);
}

void check_webhook_signature(fuzz::Input input) {
  namespace webhooks = schemas::standard_webhooks;
  const std::string_view id = input.until('\n');
  const std::string_view signatures = input.until('\n');
  const std::string_view body = input.rest();
  if (id.find('.') != std::string_view::npos) return require(!webhooks::verify(secret, id, now, body, signatures, now));
  const std::string ours = webhooks::sign(secret, id, now, body);
  require(webhooks::verify(secret, id, now, body, ours, now));
  if (webhooks::verify(secret, id, now, body, signatures, now)) require(signatures.find(ours) != std::string::npos);
  if (webhooks::check_secret(body).has_value()) webhooks::sign(core::Secret(std::string(body)), id, now, body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace stripe = schemas::stripe;
  fuzz::Input input(data, size);
  switch (input.choice(5)) {
    case 0:
      check(stripe::read_session(input.rest()));
      check(stripe::read_payment_intent(input.rest()));
      stripe::read_refusal(input.rest());
      break;
    case 1: check(stripe::read_event(input.rest())); break;
    case 2: check_stripe_signature(input); break;
    case 3: check_webhook_signature(input); break;
    default: schemas::resend::read_refusal(input.rest()); break;
  }
  return 0;
}
