// What Stripe posts to us.
#pragma once

#include <optional>

#include "api/app.h"
#include "api/http/request.h"
#include "schemas/stripe_objects.h"

namespace api {

// Nothing of the body is looked at before its signature fits.
// Errors: feature_switched_off, signature_invalid, signature_expired, malformed_json, json_too_deep, invalid_request.
core::Result<schemas::stripe::Event> read_stripe_event(const App& app, const http::Request& request);

// A session of a checkout that we opened; nothing for what else the account sells.
struct OurCheckout {
  core::OrgId org;
  core::CheckoutId checkout;
};
std::optional<OurCheckout> our_checkout(const schemas::stripe::Metadata& metadata);

// What an event is about: the org for a session, the payment for what happens to it later.
std::optional<core::AggregateKey> aggregate_of(const schemas::stripe::Event& event);

}  // namespace api
