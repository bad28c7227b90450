#include "adapters/local_checkout/local_checkout.h"

#include "schemas/digest.h"

namespace adapters::local_checkout {

std::string LocalCheckout::signature_of(const core::OrgId& org, const core::CheckoutId& checkout) const {
  return vault_.mac("local_checkout", org.value() + "\n" + checkout.value()).value();
}

void LocalCheckout::create(processors::CheckoutRequest request,
                           std::function<void(core::Result<processors::CheckoutPage>)> done) {
  processors::CheckoutPage page;
  page.session = "local_" + request.checkout.value();
  page.url = public_url_ + "/v1/billing/local-checkout/" + request.org.value() + "/" + request.checkout.value() +
             "?signature=" + signature_of(request.org, request.checkout);
  page.expires_at = now_() + page_lifetime;
  done(std::move(page));
}

bool LocalCheckout::is_signed(const core::OrgId& org, const core::CheckoutId& checkout,
                              std::string_view signature) const {
  return schemas::equal_constant_time(signature_of(org, checkout), signature);
}

}  // namespace adapters::local_checkout
