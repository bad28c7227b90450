// A payment provider as Stripe is: pages on which customers pay, and events that tell of it, twice, late and in any
// order.
#pragma once

#include <map>
#include <string>

#include "processors/ports/checkout.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/chance.h"

namespace simulation {

inline const std::string stripe_secret = "whsec_simulated";

struct PaymentFaults {
  double fails = 0;  // of a call to it
};

// Outlives every process.
class Payments {
 public:
  struct Session {
    core::OrgId org;
    std::string id;
    core::Money amount;
    std::string payment;  // its id, once it is paid
    core::Money refunded;
  };

  Payments(Chance& chance, const PaymentFaults& faults) : chance_(chance), faults_(faults) {}

  Session* find(const core::CheckoutId& checkout) {
    const auto found = sessions_.find(checkout);
    return found == sessions_.end() ? nullptr : &found->second;
  }

  // Bodies of events. A session must be paid before the last two.
  std::string paid(const core::CheckoutId& checkout, bool asynchronously);
  std::string expired(const core::CheckoutId& checkout);
  std::string refunded(const core::CheckoutId& checkout);
  std::string disputed(const core::CheckoutId& checkout, core::Money amount, bool reinstated);

  // The value of the header Stripe-Signature.
  static std::string sign(const std::string& body);

 private:
  friend class Checkout;

  std::string event(const std::string& type, const std::string& object);

  Chance& chance_;
  const PaymentFaults& faults_;
  std::map<core::CheckoutId, Session> sessions_;
  std::uint64_t events_ = 0;
};

// A process's way to it.
class Checkout final : public processors::CheckoutProvider {
 public:
  Checkout(Payments& payments, Agenda& agenda) : payments_(payments), agenda_(agenda) {}

  std::string_view name() const override { return "stripe"; }
  void create(processors::CheckoutRequest request,
              std::function<void(core::Result<processors::CheckoutPage>)> done) override;
  void find_payment(core::PaymentId payment,
                    std::function<void(core::Result<std::optional<processors::PaidCheckout>>)> done) override;

 private:
  void later(std::function<void()> act);

  Payments& payments_;
  Agenda& agenda_;
};

}  // namespace simulation
