// The parts of Stripe's objects that matter here, as its API answers with them and its webhooks carry them. What Stripe
// adds is passed over; what is missing, or of another type than documented, is an error or an empty value, never a
// crash.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/ids.h"
#include "core/result.h"

namespace schemas::stripe {

// What we gave a session, and its payment, when it was made; empty when it is not one of ours.
struct Metadata {
  std::string checkout;
  std::string org;
};

// The checkout of ours that they name; nothing for what else the account sells.
struct OurCheckout {
  core::OrgId org;
  core::CheckoutId checkout;
};
std::optional<OurCheckout> our_checkout(const Metadata& metadata);

struct CheckoutSession {
  std::string id;
  std::string url;                // empty unless it is open
  std::string status;             // open, complete, expired
  std::string payment_status;     // paid, unpaid, no_payment_required
  std::int64_t amount_total = 0;  // in the smallest unit of the currency
  std::string currency;           // lower case
  std::string payment_intent;     // empty before there is one
  std::chrono::sys_seconds expires_at;
  Metadata metadata;
};

struct Charge {
  std::string id;
  std::string payment_intent;
  std::int64_t amount_refunded = 0;  // so far, all refunds together
  std::string currency;
  Metadata metadata;
};

struct Refund {
  std::string id;
  std::string payment_intent;
  std::string status;  // pending, requires_action, succeeded, failed, canceled
};

struct PaymentIntent {
  std::string id;
  Metadata metadata;
};

struct Dispute {
  std::string id;
  std::string payment_intent;
  std::int64_t amount = 0;
  std::string currency;
};

struct Event {
  std::string id;
  std::string type;  // "checkout.session.completed"
  std::chrono::sys_seconds created;
  // By the beginning of the type; nothing for what we do not know.
  std::variant<std::monostate, CheckoutSession, Charge, Refund, Dispute> object;
};

// Errors of all: malformed_json, json_too_deep, invalid_request (a member that must be there is not).
core::Result<CheckoutSession> read_session(std::string_view json);
core::Result<PaymentIntent> read_payment_intent(std::string_view json);
core::Result<Event> read_event(std::string_view json);

// What Stripe says of a request that it refuses: words of its own making, such as "idempotency_error", for logs. Its
// message is left out, as it may quote what was sent. Empty where there is none.
struct Refusal {
  std::string type;
  std::string code;
  std::string param;
};
Refusal read_refusal(std::string_view json);

}  // namespace schemas::stripe
