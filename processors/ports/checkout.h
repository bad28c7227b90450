// Where customers pay for credit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"

namespace processors {

struct CheckoutRequest {
  core::CheckoutId checkout;  // the same on every try: the provider's idempotency key
  core::OrgId org;
  std::string customer_email;  // may be empty: the customer is asked for it
  std::string pack_code;
  std::string description;  // what the customer reads beside the amount
  core::Money amount;       // whole cents, above zero
  std::string success_url;
  std::string cancel_url;
};

// A page of the provider's on which a customer pays.
struct CheckoutPage {
  std::string session;  // the provider's id of it
  std::string url;
  core::Timestamp expires_at;
};

// Which checkout a payment paid.
struct PaidCheckout {
  core::OrgId org;
  core::CheckoutId checkout;
};

// Threading: any thread. `done` runs on any thread, once.
// Delivery:  asked for the same checkout again, it answers with the same page; whether and what was paid is told to
// POST /v1/webhooks/…, never here.
class CheckoutProvider {
 public:
  virtual ~CheckoutProvider() = default;
  virtual std::string_view name() const = 0;  // "stripe", "local"; kept with each checkout
  // Errors: network_failed and unavailable (ask again later), invalid_request (refused for what was asked, with the
  // member in `param`), idempotency_conflict (asked before, and differently), configuration_invalid (the operator's
  // account or key is refused).
  virtual void create(CheckoutRequest request, std::function<void(core::Result<CheckoutPage>)> done) = 0;
  // Nothing for a payment that the provider does not know, or that paid none of our checkouts.
  // Errors: as create().
  virtual void find_payment(core::PaymentId payment,
                            std::function<void(core::Result<std::optional<PaidCheckout>>)> done) = 0;
};

}  // namespace processors
