#include "tests/simulation/payments.h"

#include "schemas/digest.h"

namespace simulation {

namespace {

core::Error no_answer() {
  return {core::ErrorCode::network_failed, "the payment provider does not answer"};
}

std::string cents(core::Money amount) {
  return std::to_string(amount.nanos() / 10'000'000);
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string metadata(const core::OrgId& org, const core::CheckoutId& checkout) {
  return R"({"checkout":)" + quoted(checkout.value()) + R"(,"org":)" + quoted(org.value()) + "}";
}

std::string seconds_now() {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(simulated_now()).time_since_epoch().count());
}

}  // namespace

std::string Payments::event(const std::string& type, const std::string& object) {
  return R"({"id":"evt_)" + std::to_string(++events_) +
         R"(","object":"event","api_version":"2026-06-24.dahlia","created":)" + seconds_now() +
         R"(,"livemode":false,"type":)" + quoted(type) + R"(,"data":{"object":)" + object + "}}";
}

std::string Payments::paid(const core::CheckoutId& checkout, bool asynchronously) {
  Session& session = sessions_.at(checkout);
  if (session.payment.empty()) session.payment = "pi_" + session.id.substr(3);
  return event(asynchronously ? "checkout.session.async_payment_succeeded" : "checkout.session.completed",
               R"({"id":)" + quoted(session.id) +
                   R"(,"object":"checkout.session","status":"complete","payment_status":"paid","mode":"payment",)"
                   R"("currency":"usd","url":null,"amount_total":)" +
                   cents(session.amount) + R"(,"payment_intent":)" + quoted(session.payment) + R"(,"metadata":)" +
                   metadata(session.org, checkout) + "}");
}

std::string Payments::expired(const core::CheckoutId& checkout) {
  const Session& session = sessions_.at(checkout);
  return event("checkout.session.expired",
               R"({"id":)" + quoted(session.id) +
                   R"(,"object":"checkout.session","status":"expired","payment_status":"unpaid","mode":"payment",)"
                   R"("currency":"usd","url":null,"payment_intent":null,"amount_total":)" +
                   cents(session.amount) + R"(,"metadata":)" + metadata(session.org, checkout) + "}");
}

std::string Payments::refunded(const core::CheckoutId& checkout) {
  const Session& session = sessions_.at(checkout);
  return event("charge.refunded", R"({"id":"ch_1","object":"charge","currency":"usd","amount":)" +
                                      cents(session.amount) + R"(,"amount_refunded":)" + cents(session.refunded) +
                                      R"(,"payment_intent":)" + quoted(session.payment) + R"(,"metadata":)" +
                                      metadata(session.org, checkout) + "}");
}

std::string Payments::disputed(const core::CheckoutId& checkout, core::Money amount, bool reinstated) {
  const Session& session = sessions_.at(checkout);
  return event(reinstated ? "charge.dispute.funds_reinstated" : "charge.dispute.funds_withdrawn",
               R"({"id":)" + quoted("dp_" + session.id) + R"(,"object":"dispute","currency":"usd","amount":)" +
                   cents(amount) + R"(,"payment_intent":)" + quoted(session.payment) + R"(,"metadata":{}})");
}

std::string Payments::sign(const std::string& body) {
  const std::string at = seconds_now();
  return "t=" + at + ",v1=" + schemas::to_hex(schemas::hmac_sha256_raw(stripe_secret, at + "." + body));
}

void Checkout::create(processors::CheckoutRequest request,
                      std::function<void(core::Result<processors::CheckoutPage>)> done) {
  Chance& chance = payments_.chance_;
  // An answer may be lost, and the page be there.
  const bool fails = chance.happens(payments_.faults_.fails);
  if (fails && chance.happens(0.5)) return later([done = std::move(done)] { done(no_answer()); });
  const auto [session, is_new] = payments_.sessions_.try_emplace(request.checkout);
  if (is_new) {
    session->second.org = request.org;
    session->second.id = "cs_" + std::to_string(payments_.sessions_.size());
    session->second.amount = request.amount;
  }
  processors::CheckoutPage page{session->second.id, "https://pay.test/" + session->second.id,
                                simulated_now() + core::Duration(std::chrono::hours(24))};
  later([fails, page = std::move(page), done = std::move(done)] {
    if (fails)
      done(no_answer());
    else
      done(page);
  });
}

void Checkout::find_payment(core::PaymentId payment,
                            std::function<void(core::Result<std::optional<processors::PaidCheckout>>)> done) {
  if (payments_.chance_.happens(payments_.faults_.fails)) return later([done = std::move(done)] { done(no_answer()); });
  std::optional<processors::PaidCheckout> paid;
  for (const auto& [checkout, session] : payments_.sessions_) {
    if (session.payment == payment.value()) paid = processors::PaidCheckout{session.org, checkout};
  }
  later([paid, done = std::move(done)] { done(paid); });
}

void Checkout::later(std::function<void()> act) {
  agenda_.later(payments_.chance_.between(core::Duration(0), core::Duration(std::chrono::seconds(5))), std::move(act));
}

}  // namespace simulation
