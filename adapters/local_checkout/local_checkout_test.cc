#include "adapters/local_checkout/local_checkout.h"

#include <gtest/gtest.h>

#include <optional>

#include "processors/testing/fake_vault.h"

namespace adapters::local_checkout {
namespace {

// If this failed, whoever can guess an id could credit an org of a development service.
TEST(LocalCheckout, APageIsSignedForItsOrgAndCheckoutAlone) {
  processors::testing::FakeVault vault;
  LocalCheckout provider(vault, "http://127.0.0.1:8080", [] { return core::Timestamp{}; });
  processors::CheckoutRequest request;
  request.org = core::OrgId("org_1");
  request.checkout = core::CheckoutId("cs_1");
  std::optional<core::Result<processors::CheckoutPage>> page;
  provider.create(request, [&](core::Result<processors::CheckoutPage> answer) { page = std::move(answer); });
  ASSERT_TRUE(page && page->has_value());
  EXPECT_EQ((*page)->session, "local_cs_1");
  EXPECT_EQ((*page)->expires_at, core::Timestamp{} + page_lifetime);

  const std::string url = (*page)->url;
  const std::string begin = "http://127.0.0.1:8080/v1/billing/local-checkout/org_1/cs_1?signature=";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  const std::string signature = url.substr(begin.size());
  EXPECT_TRUE(provider.is_signed(request.org, request.checkout, signature));
  EXPECT_FALSE(provider.is_signed(core::OrgId("org_2"), request.checkout, signature));
  EXPECT_FALSE(provider.is_signed(request.org, core::CheckoutId("cs_2"), signature));
  EXPECT_FALSE(provider.is_signed(request.org, request.checkout, ""));
}

}  // namespace
}  // namespace adapters::local_checkout
