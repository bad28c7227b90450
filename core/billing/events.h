#pragma once

#include "core/billing/state.h"

namespace core::billing {

struct CheckoutOpened final {
  OrgId org;
  CheckoutId checkout;
  std::string pack;
  Money amount;
  std::string provider;
  Digest request = {};
};

struct CheckoutPageRecorded final {
  OrgId org;
  CheckoutId checkout;
  std::string session;
  std::string url;
  Timestamp expires_at;
};

struct CheckoutPaid final {
  OrgId org;
  CheckoutId checkout;
  PaymentId payment;
  Money amount;
};

struct CheckoutClosed final {
  OrgId org;
  CheckoutId checkout;
  std::string reason;
};

struct CheckoutRefunded final {
  OrgId org;
  CheckoutId checkout;
  Money refunded;  // in all so far
};

// `recovered`: what of a withdrawn amount came out of the customer's credits; nothing when reinstated.
struct DisputeMoved final {
  OrgId org;
  CheckoutId checkout;
  std::string dispute;
  Money amount;
  Money recovered;
  bool reinstated = false;
};

struct ProfileSet final {
  OrgId org;
  Sealed profile;
};

}  // namespace core::billing
