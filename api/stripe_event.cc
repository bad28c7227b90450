#include "api/stripe_event.h"

#include <string_view>

#include "core/overloaded.h"
#include "schemas/stripe_signature.h"

namespace api {

namespace stripe = schemas::stripe;

namespace {

using Aggregate = std::optional<core::AggregateKey>;

Aggregate org_of(const stripe::Metadata& metadata) {
  const auto ours = stripe::our_checkout(metadata);
  return ours ? Aggregate(core::aggregate_of(ours->org)) : Aggregate();
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

std::optional<core::AggregateKey> aggregate_of(const stripe::Event& event) {
  return std::visit(core::Overloaded{
                        [](const std::monostate&) { return Aggregate(); },
                        [](const stripe::CheckoutSession& session) { return org_of(session.metadata); },
                        [](const stripe::Charge& charge) { return org_of(charge.metadata); },
                        [](const stripe::Refund&) { return Aggregate(); },
                        [](const stripe::Dispute&) { return Aggregate(); },
                    },
                    event.object);
}

}  // namespace api
