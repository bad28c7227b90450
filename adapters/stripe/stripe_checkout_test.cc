#include "adapters/stripe/stripe_checkout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <future>
#include <mutex>

#include "adapters/http_client/test_http_server.h"
#include "adapters/stripe/form.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace adapters::stripe {
namespace {

using core::ErrorCode;
using http_client::ReceivedRequest;
using http_client::TestConnection;
using processors::CheckoutPage;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view open_session =
    R"({"id":"cs_test_1","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/cs_test_1#fid",)"
    R"("status":"open","payment_status":"unpaid","amount_total":2500,"currency":"usd","expires_at":1767312000})";

// Answers in turn with what a test says; the last answer goes on.
class StripeCheckoutTest : public testing::Test {
 protected:
  struct Answer {
    int status;
    std::string body = {};
    std::string headers = {};
  };

  core::Result<CheckoutPage> create(std::vector<Answer> answers) {
    return ask<CheckoutPage>(std::move(answers),
                             [](StripeCheckout& provider, auto done) { provider.create(request(), std::move(done)); });
  }

  using Found = std::optional<processors::PaidCheckout>;
  core::Result<Found> find(std::vector<Answer> answers, const std::string& payment = "pi_1") {
    return ask<Found>(std::move(answers), [&](StripeCheckout& provider, auto done) {
      provider.find_payment(core::PaymentId(payment), std::move(done));
    });
  }

  template <class T, class Begin>
  core::Result<T> ask(std::vector<Answer> answers, Begin begin) {
    received.clear();
    std::mutex mutex;  // connections have threads of their own
    http_client::TestHttpServer server([&](const ReceivedRequest& request, TestConnection& connection) {
      const std::lock_guard lock(mutex);
      const Answer& answer = answers[std::min(received.size(), answers.size() - 1)];
      received.push_back(request);
      if (answer.status == 0) return connection.cut();
      connection.reply(answer.status, answer.body, answer.headers);
    });
    StripeSettings settings;
    settings.secret_key = core::Secret("sk_test_1");
    settings.base_url = "http://127.0.0.1:" + std::to_string(server.port());
    settings.retry_delay = 1ms;
    http_client::HttpClient client;
    boost::asio::thread_pool pool(1);
    StripeCheckout provider({pool.get_executor(), client, log, metrics}, std::move(settings));
    std::promise<core::Result<T>> promise;
    std::future<core::Result<T>> future = promise.get_future();
    begin(provider, [&](core::Result<T> answer) { promise.set_value(std::move(answer)); });
    core::Result<T> answer = future.get();
    client.stop();
    pool.stop();
    pool.join();
    return answer;
  }

  static processors::CheckoutRequest request() {
    return {core::CheckoutId("cs_1"),
            core::OrgId("org_1"),
            "ada+b@example.org",
            "credit_25",
            "Credit, 25 USD",
            core::Money::from_cents(2500),
            "https://a.example/ok?s={CHECKOUT_SESSION_ID}",
            "https://a.example/no"};
  }

  processors::testing::NullLog log;
  processors::testing::NullMetrics metrics;
  std::vector<ReceivedRequest> received;
};

// If this failed, Stripe would refuse our checkouts, or its events would not say whose they are.
TEST_F(StripeCheckoutTest, AsksAsTheApiIsDocumented) {
  const auto page = create({{200, std::string(open_session)}});
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->session, "cs_test_1");
  EXPECT_EQ(page->url, "https://checkout.stripe.com/c/pay/cs_test_1#fid");
  EXPECT_EQ(page->expires_at, core::Timestamp(1767312000s));
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].method, "POST");
  EXPECT_EQ(received[0].target, "/v1/checkout/sessions");
  EXPECT_EQ(received[0].headers["authorization"], "Bearer sk_test_1");
  EXPECT_EQ(received[0].headers["idempotency-key"], "cs_1");
  EXPECT_EQ(received[0].headers["stripe-version"], "2026-06-24.dahlia");
  EXPECT_EQ(received[0].headers["content-type"], "application/x-www-form-urlencoded");
  const std::string& body = received[0].body;
  for (const char* part :
       {"mode=payment&", "&client_reference_id=org_1&", "&customer_email=ada%2Bb%40example.org&",
        "&line_items[0][quantity]=1&", "&line_items[0][price_data][currency]=usd&",
        "&line_items[0][price_data][unit_amount]=2500&",
        "&line_items[0][price_data][product_data][name]=Credit%2C%2025%20USD&", "&metadata[checkout]=cs_1&",
        "&metadata[org]=org_1&", "&metadata[pack_code]=credit_25&", "&payment_intent_data[metadata][checkout]=cs_1&",
        "&success_url=https%3A%2F%2Fa.example%2Fok%3Fs%3D%7BCHECKOUT_SESSION_ID%7D&"})
    EXPECT_THAT(body, HasSubstr(part));
  EXPECT_TRUE(body.ends_with("&payment_intent_data[metadata][org]=org_1"));
}

TEST_F(StripeCheckoutTest, TriesAgainUnderTheSameKeyWhenThatMayHelp) {
  for (const Answer& failure : {Answer{0}, Answer{500}, Answer{503}, Answer{409}, Answer{429},
                                Answer{400, "", "Stripe-Should-Retry: true\r\n"}}) {
    const auto page = create({failure, failure, {200, std::string(open_session)}});
    EXPECT_TRUE(page) << failure.status;
    ASSERT_EQ(received.size(), 3u) << failure.status;
    for (const ReceivedRequest& each : received) {
      EXPECT_EQ(each.headers.at("idempotency-key"), "cs_1");
      EXPECT_EQ(each.body, received[0].body);
    }
  }
}

TEST_F(StripeCheckoutTest, TriesEnd) {
  EXPECT_EQ(create({{500}}).error().code, ErrorCode::network_failed);
  EXPECT_EQ(received.size(), std::size_t{tries_max});
  EXPECT_EQ(create({{500, "", "Stripe-Should-Retry: false\r\n"}}).error().code, ErrorCode::network_failed);
  EXPECT_EQ(received.size(), 1u);
}

TEST_F(StripeCheckoutTest, RefusalsAreSortedAndQuoteNothing) {
  const auto refusal = [](std::string_view type, std::string_view code, std::string_view param) {
    return R"({"error":{"type":")" + std::string(type) + R"(","code":")" + std::string(code) + R"(","param":")" +
           std::string(param) + R"(","message":"Invalid: ada+b@example.org sk_test_1"}})";
  };
  const auto email = create({{400, refusal("invalid_request_error", "email_invalid", "customer_email")}});
  EXPECT_EQ(email.error().code, ErrorCode::invalid_request);
  EXPECT_EQ(email.error().param, "customer_email");
  EXPECT_THAT(email.error().detail, testing::Not(HasSubstr("ada")));
  EXPECT_EQ(received.size(), 1u);
  EXPECT_EQ(create({{401, refusal("invalid_request_error", "", "")}}).error().code, ErrorCode::configuration_invalid);
  EXPECT_EQ(create({{403}}).error().code, ErrorCode::configuration_invalid);
  EXPECT_EQ(create({{400, refusal("idempotency_error", "", "")}}).error().code, ErrorCode::idempotency_conflict);
  EXPECT_EQ(create({{409}}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(create({{302}}).error().code, ErrorCode::network_failed);
  for (const char* body : {"", "{", "[]", R"({"id":"cs_1"})", R"({"id":"cs_1","url":null})"})
    EXPECT_EQ(create({{200, body}}).error().code, ErrorCode::network_failed) << body;
}

// If this failed, a dispute would be about nobody's credits, or about somebody else's.
TEST_F(StripeCheckoutTest, SaysWhichCheckoutAPaymentPaid) {
  const std::string ulid(26, '1');
  const std::string ours = R"({"id":"pi_1","metadata":{"org":"org_)" + ulid + R"(","checkout":"chk_)" + ulid + "\"}}";
  const auto found = find({{503}, {0}, {200, ours}});
  ASSERT_TRUE(found) << found.error().detail;
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->org.value(), "org_" + ulid);
  EXPECT_EQ((*found)->checkout.value(), "chk_" + ulid);
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[2].method, "GET");
  EXPECT_EQ(received[2].target, "/v1/payment_intents/pi_1");
  EXPECT_EQ(received[2].headers["authorization"], "Bearer sk_test_1");
  EXPECT_EQ(received[2].headers["stripe-version"], api_version);

  for (const Answer& foreign : {Answer{404, "{}"}, Answer{200, R"({"id":"pi_1"})"},
                                Answer{200, R"({"id":"pi_1","metadata":{"org":"x","checkout":"y"}})"}}) {
    const auto nobody = find({foreign});
    ASSERT_TRUE(nobody) << foreign.body;
    EXPECT_FALSE(*nobody) << foreign.body;
  }
  EXPECT_EQ(find({{500}}).error().code, ErrorCode::network_failed);
  EXPECT_EQ(received.size(), std::size_t{tries_max});
  EXPECT_EQ(find({{401, "{}"}}).error().code, ErrorCode::configuration_invalid);
  EXPECT_EQ(find({{200, "{}"}}).error().code, ErrorCode::network_failed);
  EXPECT_EQ(find({{200, ours}}, "pi_2").error().code, ErrorCode::network_failed) << "another payment";
}

TEST_F(StripeCheckoutTest, WhatIsNoIdOfAPaymentIsNeverAskedFor) {
  for (const std::string& text :
       {std::string(), std::string("pi_1/../x"), std::string("pi_1?a"), std::string("pi 1"), std::string(256, 'p')}) {
    const auto found = find({{500}}, text);
    ASSERT_TRUE(found) << text;
    EXPECT_FALSE(*found) << text;
    EXPECT_TRUE(received.empty()) << text;
  }
}

TEST(StripeForm, EncodesEverythingButBracketsInNamesAndPlainLetters) {
  EXPECT_EQ(Form().add("a[b]", "x y&z=ü\n").add("c", "").text(), "a[b]=x%20y%26z%3D%C3%BC%0A&c=");
}

}  // namespace
}  // namespace adapters::stripe
