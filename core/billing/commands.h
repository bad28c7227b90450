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

// To the payment's own partition; follows from PayCheckout.
struct NotePayment {
  PaymentId payment;
  OrgId org;
  CheckoutId checkout;
};

// What the payment provider tells of a payment, to the payment's own partition. Errors: not_found.
struct ReportRefund {
  PaymentId payment;
  Money refunded;  // in all so far
};
struct ReportDispute {
  PaymentId payment;
  std::string dispute;
  Money amount;
  bool reinstated = false;  // else withdrawn
};

// The same, to the org that paid.
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
