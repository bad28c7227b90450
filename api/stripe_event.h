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

// The org that an event names. Nothing for what is not ours, and for a dispute: Stripe has to be asked whose it is.
std::optional<core::AggregateKey> aggregate_of(const schemas::stripe::Event& event);

}  // namespace api
