#pragma once

#include "core/billing/state.h"

namespace core::billing {

// The intent to sell credits: durable before the payment provider is asked for a page.
struct OpenCheckout {
  OrgId org;
  CheckoutId checkout;
  std::string pack;
  Money amount;
  std::string provider;
  Digest request = {};  // of all that was asked for, to tell a retry from another request
};

// The page where the customer pays exists.
struct RecordCheckoutPage {
  OrgId org;
  CheckoutId checkout;
  std::string session;
  std::string url;
  Timestamp expires_at;
};

// The money has come.
struct PayCheckout {
  OrgId org;
  CheckoutId checkout;
  PaymentId payment;
  Money amount;
};

// It will not come.
struct CloseCheckout {
  OrgId org;
  CheckoutId checkout;
  std::string reason;  // stable word: expired, payment_failed, cancelled
};

// What the payment provider tells of a payment. Errors: not_found, while the payment itself has not been told of.
struct RefundCheckout {
  OrgId org;
  CheckoutId checkout;
  Money refunded;  // in all so far
};
struct MoveDispute {
  OrgId org;
  CheckoutId checkout;
  std::string dispute;
  Money amount;
  bool reinstated = false;
};

struct SetProfile {
  OrgId org;
  Sealed profile;
};

}  // namespace core::billing
