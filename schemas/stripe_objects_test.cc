#include "schemas/stripe_objects.h"

#include <gtest/gtest.h>

namespace schemas::stripe {
namespace {

using core::ErrorCode;

std::string event(std::string_view type, std::string_view object) {
  return R"({"id":"evt_1","object":"event","created":1767225600,"type":")" + std::string(type) +
         R"(","data":{"object":)" + std::string(object) + "}}";
}

// If this failed, a payment that Stripe tells us of would not be found, or be taken for another.
TEST(StripeObjects, ReadsASessionOutOfAnEvent) {
  const auto read = read_event(event("checkout.session.completed", R"({"id":"cs_1","object":"checkout.session",
    "amount_total":2500,"currency":"usd","payment_intent":"pi_1","payment_status":"paid","status":"complete","url":null,
    "expires_at":1767312000,"metadata":{"checkout":"chk_1","org":"org_1","other":"x"}})"));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->id, "evt_1");
  EXPECT_EQ(read->type, "checkout.session.completed");
  const auto& session = std::get<CheckoutSession>(read->object);
  EXPECT_EQ(session.id, "cs_1");
  EXPECT_EQ(session.amount_total, 2500);
  EXPECT_EQ(session.currency, "usd");
  EXPECT_EQ(session.payment_intent, "pi_1");
  EXPECT_EQ(session.payment_status, "paid");
  EXPECT_EQ(session.status, "complete");
  EXPECT_EQ(session.url, "");
  EXPECT_EQ(session.metadata.checkout, "chk_1");
  EXPECT_EQ(session.metadata.org, "org_1");
}

TEST(StripeObjects, ReadsRefundsAndDisputesByTheirPayment) {
  const auto refund = read_event(event("charge.refunded", R"({"id":"ch_1","amount":2500,"amount_refunded":1000,
    "currency":"usd","payment_intent":{"id":"pi_1","object":"payment_intent"},"metadata":{"org":"org_1"}})"));
  ASSERT_TRUE(refund);
  EXPECT_EQ(std::get<Charge>(refund->object).payment_intent, "pi_1");
  EXPECT_EQ(std::get<Charge>(refund->object).amount_refunded, 1000);
  const auto dispute = read_event(event("charge.dispute.funds_withdrawn",
                                        R"({"id":"dp_1","amount":2500,"currency":"usd","payment_intent":"pi_1"})"));
  ASSERT_TRUE(dispute);
  EXPECT_EQ(std::get<Dispute>(dispute->object).id, "dp_1");
  EXPECT_EQ(std::get<Dispute>(dispute->object).amount, 2500);
}

TEST(StripeObjects, ReadsARefundOfAnyEventAboutOne) {
  for (const char* type : {"refund.failed", "refund.updated", "charge.refund.updated"}) {
    const auto read = read_event(event(type, R"({"id":"re_1","status":"failed","payment_intent":"pi_1"})"));
    ASSERT_TRUE(read);
    const auto& refund = std::get<Refund>(read->object);
    EXPECT_EQ(refund.id + refund.status + refund.payment_intent, "re_1failedpi_1");
  }
}

// If this failed, what somebody else's payment says would be taken for an id of ours.
TEST(StripeObjects, APaymentNamesACheckoutOfOursOrNone) {
  const std::string ulid(26, '1');
  const auto read =
      read_payment_intent(R"({"id":"pi_1","metadata":{"org":"org_)" + ulid + R"(","checkout":"chk_)" + ulid + "\"}}");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->id, "pi_1");
  const auto ours = our_checkout(read->metadata);
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->org.value(), "org_" + ulid);
  EXPECT_EQ(ours->checkout.value(), "chk_" + ulid);
  for (const Metadata& foreign : {Metadata{}, Metadata{"chk_" + ulid, ""}, Metadata{"x", "org_" + ulid},
                                  Metadata{"chk_" + ulid, "org_../" + ulid}})
    EXPECT_FALSE(our_checkout(foreign));
  EXPECT_TRUE(read_payment_intent("{}").has_error());
}

TEST(StripeObjects, WhatWeDoNotKnowIsAnEventOfNothing) {
  const auto read = read_event(event("customer.created", R"({"id":"cus_1"})"));
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read->object));
}

TEST(StripeObjects, MembersOfOtherTypesAreAbsentOrAnErrorNeverACrash) {
  const auto read = read_event(event("checkout.session.completed",
                                     R"({"id":"cs_1","amount_total":"2500","currency":7,"payment_intent":[],
    "payment_status":{},"expires_at":-5,"metadata":[{"org":"org_1"}],"url":12})"));
  ASSERT_TRUE(read);
  const auto& session = std::get<CheckoutSession>(read->object);
  EXPECT_EQ(session.amount_total, 0);
  EXPECT_EQ(session.currency + session.payment_intent + session.payment_status + session.metadata.org, "");

  for (const char* text : {"", "{", "null", "[]", "{}", R"({"id":"evt_1"})", R"({"type":"charge.refunded"})",
                           R"({"id":"evt_1","type":"charge.refunded"})", R"({"id":"e 1","type":"x"})",
                           R"({"id":"evt_1","type":"checkout.session.completed","data":{"object":"cs_1"}})"}) {
    const auto refused = read_event(text);
    ASSERT_TRUE(refused.has_error()) << text;
    EXPECT_TRUE(refused.error().code == ErrorCode::malformed_json || refused.error().code == ErrorCode::invalid_request)
        << text;
  }
  EXPECT_EQ(read_event(std::string(100'000, '[')).error().code, ErrorCode::json_too_deep);
}

TEST(StripeObjects, ARefusalIsItsWordsWithoutItsMessage) {
  const Refusal refusal = read_refusal(
      R"({"error":{"type":"invalid_request_error","code":"email_invalid","param":"customer_email","message":"ada@"}})");
  EXPECT_EQ(refusal.type, "invalid_request_error");
  EXPECT_EQ(refusal.code, "email_invalid");
  EXPECT_EQ(refusal.param, "customer_email");
  EXPECT_EQ(read_refusal("<html>").type, "");
}

}  // namespace
}  // namespace schemas::stripe
