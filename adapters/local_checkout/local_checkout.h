#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "processors/ports/checkout.h"
#include "processors/ports/vault.h"

namespace adapters::local_checkout {

inline constexpr auto page_lifetime = std::chrono::hours(24);  // as Stripe's

// Stands in for a payment provider where there is none, in development: its page is one of our own, takes no money, and
// says so. Whoever has the page's URL may pay or cancel.
//
// Threading: any thread; `done` runs on the caller's.
// Requires: the vault outlives it.
class LocalCheckout final : public processors::CheckoutProvider {
 public:
  // `public_url` has no slash at its end.
  LocalCheckout(const processors::Vault& vault, std::string public_url, std::function<core::Timestamp()> now)
      : vault_(vault), public_url_(std::move(public_url)), now_(std::move(now)) {}

  std::string_view name() const override { return "local"; }
  // {public_url}/v1/billing/local-checkout/{org}/{checkout}?signature={hex}
  void create(processors::CheckoutRequest request,
              std::function<void(core::Result<processors::CheckoutPage>)> done) override;
  // Nobody disputes what took no money.
  void find_payment(core::PaymentId,
                    std::function<void(core::Result<std::optional<processors::PaidCheckout>>)> done) override {
    done(std::optional<processors::PaidCheckout>());
  }

  // Whether `signature` is that of this checkout's page.
  bool is_signed(const core::OrgId& org, const core::CheckoutId& checkout, std::string_view signature) const;

 private:
  std::string signature_of(const core::OrgId& org, const core::CheckoutId& checkout) const;

  const processors::Vault& vault_;
  const std::string public_url_;
  const std::function<core::Timestamp()> now_;
};

}  // namespace adapters::local_checkout
