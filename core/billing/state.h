// Credits bought: one checkout, one payment, and what became of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/sealed.h"
#include "core/time.h"

namespace core::billing {

// open -> paid | closed; and closed -> paid, as a payment may be told of after the page's end.
enum class CheckoutPhase { open, paid, closed };
std::string_view to_string(CheckoutPhase phase);

// Money that a bank took back in a customer's name, and may have returned.
struct Dispute {
  std::string id;  // the payment provider's
  Money amount;
  Money recovered;  // out of the customer's credits; the rest is owed
  bool withdrawn = false;
  bool reinstated = false;
  friend bool operator==(const Dispute&, const Dispute&) = default;
};

struct Checkout {
  using Key = std::tuple<OrgId, CheckoutId>;
  Key key() const { return {org, id}; }

  OrgId org;
  CheckoutId id;
  CheckoutPhase phase = CheckoutPhase::open;
  std::string pack;
  Money amount;
  std::string provider;  // stripe, local
  Digest request = {};   // of all that was asked for
  std::string session;   // the provider's; empty before it is known
  std::string url;       // where to pay
  Timestamp created_at;
  std::optional<Timestamp> expires_at;  // of the page
  PaymentId payment;                    // empty before it is paid
  std::optional<Timestamp> paid_at;     // when the credits were posted
  std::string closed_because;           // stable word
  Money refunded;
  std::vector<Dispute> disputes;
};

struct Profile {
  using Key = std::tuple<OrgId>;
  Key key() const { return {org}; }

  OrgId org;
  Sealed profile;  // JSON {email, name}
};

}  // namespace core::billing
