// POST /v1/webhooks/stripe: what became of payments. 200 says that what follows from an event is durable; anything else
// has Stripe send it again, for three days. Events may come twice and in any order: what they mean is decided in
// core/billing, by the checkout, never by the event's id.
#include <utility>

#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/stripe_event.h"
#include "core/overloaded.h"

namespace api::resources {

namespace {

namespace billing = core::billing;
namespace stripe = schemas::stripe;
using core::Error;
using core::ErrorCode;

constexpr std::size_t body_bytes_max = 512 * 1024;
constexpr std::int64_t cents_max = 100'000'000'00;

struct Order {
  core::AggregateKey aggregate;
  core::Command command;
};
// Nothing: there is nothing to do.
using Orders = core::Result<std::optional<Order>>;

core::Result<core::Money> money_of(std::int64_t cents, std::string_view currency) {
  if (currency != "usd")
    return Error{ErrorCode::payment_mismatch, "credit is sold in US dollars, and this payment is in another currency"};
  if (cents <= 0 || cents > cents_max) return Error{ErrorCode::payment_mismatch, "no pack costs that much"};
  return core::Money::from_cents(cents);
}

Orders pay(const stripe::CheckoutSession& session, const OurCheckout& ours) {
  const core::Result<core::Money> amount = money_of(session.amount_total, session.currency);
  if (amount.has_error()) return amount.error();
  billing::PayCheckout paid;
  paid.org = ours.org;
  paid.checkout = ours.checkout;
  paid.payment = core::PaymentId(session.payment_intent.empty() ? session.id : session.payment_intent);
  paid.amount = *amount;
  return std::optional(Order{core::aggregate_of(ours.org), std::move(paid)});
}

Orders close(const OurCheckout& ours, std::string reason) {
  return std::optional(
      Order{core::aggregate_of(ours.org), billing::CloseCheckout{ours.org, ours.checkout, std::move(reason)}});
}

Orders orders_of(const std::string& type, const stripe::CheckoutSession& session) {
  const std::optional<OurCheckout> ours = our_checkout(session.metadata);
  if (!ours) return std::optional<Order>();
  // A payment that takes days completes its session unpaid; the event that follows says how it ended.
  if (type == "checkout.session.completed")
    return session.payment_status == "paid" ? pay(session, *ours) : Orders(std::optional<Order>());
  if (type == "checkout.session.async_payment_succeeded") return pay(session, *ours);
  if (type == "checkout.session.async_payment_failed") return close(*ours, "payment_failed");
  if (type == "checkout.session.expired") return close(*ours, "expired");
  return std::optional<Order>();
}

Orders orders_of(const std::string&, const stripe::Charge& charge) {
  if (!our_checkout(charge.metadata) || charge.payment_intent.empty()) return std::optional<Order>();
  const core::Result<core::Money> refunded = money_of(charge.amount_refunded, charge.currency);
  if (refunded.has_error()) return refunded.error();
  const core::PaymentId payment(charge.payment_intent);
  return std::optional(Order{core::aggregate_of(payment), billing::ReportRefund{payment, *refunded}});
}

// A dispute says nothing of whose it is: the payment knows. One that is not known may yet become so, as events come in
// any order; so it is refused rather than passed over, and Stripe tells of it again.
Orders orders_of(const std::string& type, const stripe::Dispute& dispute) {
  const bool reinstated = type == "charge.dispute.funds_reinstated";
  if (!reinstated && type != "charge.dispute.funds_withdrawn") return std::optional<Order>();
  if (dispute.payment_intent.empty()) return std::optional<Order>();
  const core::Result<core::Money> amount = money_of(dispute.amount, dispute.currency);
  if (amount.has_error()) return amount.error();
  const core::PaymentId payment(dispute.payment_intent);
  return std::optional(
      Order{core::aggregate_of(payment), billing::ReportDispute{payment, dispute.id, *amount, reinstated}});
}

Orders orders_of(const stripe::Event& event) {
  return std::visit(core::Overloaded{
                        [](const std::monostate&) { return Orders(std::optional<Order>()); },
                        [&](const stripe::CheckoutSession& session) { return orders_of(event.type, session); },
                        [&](const stripe::Charge& charge) { return orders_of(event.type, charge); },
                        [&](const stripe::Dispute& dispute) { return orders_of(event.type, dispute); },
                    },
                    event.object);
}

// Money that came and was not credited, or went and was not booked, is for a person to look at.
Error refused(const App& app, const stripe::Event& event, const Error& error) {
  app.metrics.count("batchrouter_stripe_events_total", {{"outcome", "refused"}});
  const std::string_view type = event.type;
  if (core::transient(error.code))
    warn(app.log, "stripe_event_deferred", {{"event", event.id}, {"type", type}, {"code", to_string(error.code)}});
  else
    processors::error(app.log, "stripe_event_refused",
                      {{"event", event.id}, {"type", type}, {"code", to_string(error.code)}, {"why", error.detail}});
  return error;
}

http::Response received(const App& app, const stripe::Event& event, std::string_view outcome) {
  app.metrics.count("batchrouter_stripe_events_total", {{"outcome", outcome}});
  JsonText json;
  json.boolean("received", true).text("event", event.id).text("outcome", outcome);
  return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> receive(const App& app, http::Request& request) {
  const core::Result<stripe::Event> event = read_stripe_event(app, request);
  if (event.has_error()) co_return event.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  Orders order = orders_of(*event);
  if (order.has_error()) co_return refused(app, *event, order.error());
  if (!*order) co_return received(app, *event, "ignored");

  core::AggregateKey aggregate = (*order)->aggregate;
  core::Command what = std::move((*order)->command);
  const core::Result<processors::Answer> answer = co_await command(app, std::move(aggregate), std::move(what));
  if (answer.has_error()) co_return refused(app, *event, answer.error());
  const std::string_view outcome = answer->replayed ? "known" : "recorded";
  info(app.log, "stripe_event", {{"event", event->id}, {"type", event->type}, {"outcome", outcome}});
  co_return received(app, *event, outcome);
}

}  // namespace

void add_stripe_webhook(http::Router& router, const App& app) {
  router.add(http::Method::post, "/v1/webhooks/stripe",
             [&app](http::Request& request) { return answered(request, receive(app, request)); },
             {.body = http::Body::small, .body_bytes_max = body_bytes_max, .access = stripe_event});
}

}  // namespace api::resources
