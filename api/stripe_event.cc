#include "api/stripe_event.h"

#include <string_view>

#include "core/overloaded.h"
#include "schemas/stripe_signature.h"
#include "schemas/tokens.h"

namespace api {

namespace stripe = schemas::stripe;

namespace {

constexpr std::string_view checkout_prefix = "chk_";

bool is_id(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && schemas::ulid_well_formed(text.substr(prefix.size()));
}

std::optional<core::AggregateKey> of_payment(const std::string& payment) {
  if (payment.empty()) return std::nullopt;
  return core::aggregate_of(core::PaymentId(payment));
}

}  // namespace

core::Result<stripe::Event> read_stripe_event(const App& app, const http::Request& request) {
  const core::Secret& secret = app.settings.stripe_webhook_secret;
  if (secret.reveal().empty())
    return core::Error{core::ErrorCode::feature_switched_off, "Stripe is not set up in this deployment"};
  const std::string_view signature = request.headers.get("stripe-signature").value_or("");
  const auto now = std::chrono::floor<std::chrono::seconds>(app.now());
  if (const auto verified = stripe::verify(secret, signature, request.body, now); verified.has_error())
    return verified.error();
  return stripe::read_event(request.body);
}

std::optional<OurCheckout> our_checkout(const stripe::Metadata& metadata) {
  if (!is_id(metadata.org, schemas::org_prefix) || !is_id(metadata.checkout, checkout_prefix)) return std::nullopt;
  return OurCheckout{core::OrgId(metadata.org), core::CheckoutId(metadata.checkout)};
}

std::optional<core::AggregateKey> aggregate_of(const stripe::Event& event) {
  using Aggregate = std::optional<core::AggregateKey>;
  return std::visit(core::Overloaded{
                        [](const std::monostate&) { return Aggregate(); },
                        [](const stripe::CheckoutSession& session) {
                          const auto ours = our_checkout(session.metadata);
                          return ours ? Aggregate(core::aggregate_of(ours->org)) : Aggregate();
                        },
                        [](const stripe::Charge& charge) { return of_payment(charge.payment_intent); },
                        [](const stripe::Dispute& dispute) { return of_payment(dispute.payment_intent); },
                    },
                    event.object);
}

}  // namespace api
