// POST /v1/webhooks/stripe: what became of payments. 200 says that what follows from an event is durable; anything else
// has Stripe send it again, for three days. Events may come twice and in any order: what they mean is decided in
// core/billing, by the checkout, never by the event's id.
#include <memory>
#include <utility>

#include "api/forwarding.h"
#include "api/http/coroutines.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "api/stripe_event.h"
#include "core/overloaded.h"
#include "processors/fault_point.h"

namespace api::resources {

namespace {

namespace billing = core::billing;
namespace stripe = schemas::stripe;
using core::Error;
using core::ErrorCode;
using processors::PaidCheckout;
using stripe::OurCheckout;

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
  const std::optional<OurCheckout> ours = stripe::our_checkout(session.metadata);
  if (!ours) return std::optional<Order>();
  // A payment that takes days completes its session unpaid; the event that follows says how it ended.
  if (type == "checkout.session.completed")
    return session.payment_status == "paid" ? pay(session, *ours) : Orders(std::optional<Order>());
  if (type == "checkout.session.async_payment_succeeded") return pay(session, *ours);
  if (type == "checkout.session.async_payment_failed") return close(*ours, "payment_failed");
  if (type == "checkout.session.expired") return close(*ours, "expired");
  return std::optional<Order>();
}

Orders orders_of(const stripe::Charge& charge) {
  const std::optional<OurCheckout> ours = stripe::our_checkout(charge.metadata);
  if (!ours) return std::optional<Order>();
  const core::Result<core::Money> refunded = money_of(charge.amount_refunded, charge.currency);
  if (refunded.has_error()) return refunded.error();
  return std::optional(
      Order{core::aggregate_of(ours->org), billing::RefundCheckout{ours->org, ours->checkout, *refunded}});
}

// The credits were taken back when the refund was made, and the money never arrived: which of the two to undo is for a
// person to say.
Orders orders_of(const App& app, const std::string& type, const stripe::Refund& refund) {
  if (type == "refund.failed" || refund.status == "failed" || refund.status == "canceled")
    processors::error(app.log, "refund_failed", {{"refund", refund.id}, {"payment", refund.payment_intent}});
  return std::optional<Order>();
}

// A dispute says nothing of whose it is: the payment does, at Stripe.
http::awaitable<core::Result<std::optional<PaidCheckout>>> find_payment(const App& app, core::PaymentId payment) {
  using Found = std::optional<PaidCheckout>;
  if (app.checkout == nullptr)
    co_return Error{ErrorCode::feature_switched_off,
                    "stripe.secret_key is not set, and without it nobody knows whose payment is disputed"};
  std::function<void(std::function<void(core::Result<Found>)>)> find =
      [&app, payment = std::move(payment)](std::function<void(core::Result<Found>)> done) {
        app.checkout->find_payment(payment, std::move(done));
      };
  core::Result<Found> found = co_await http::async_result<Found>(std::move(find));
  if (found.has_value()) co_return std::move(*found);
  if (!core::transient(found.error().code))
    processors::error(app.log, "payment_lookup_refused",
                      {{"code", to_string(found.error().code)}, {"why", found.error().detail}});
  co_return Error{ErrorCode::unavailable, "Stripe does not say whose payment is disputed; tell of it again"};
}

http::awaitable<Orders> orders_of_dispute(const App& app, std::string type, stripe::Dispute dispute) {
  const bool reinstated = type == "charge.dispute.funds_reinstated";
  if (!reinstated && type != "charge.dispute.funds_withdrawn") co_return std::optional<Order>();
  if (dispute.payment_intent.empty()) co_return std::optional<Order>();
  core::PaymentId payment(dispute.payment_intent);
  const core::Result<std::optional<PaidCheckout>> paid = co_await find_payment(app, std::move(payment));
  if (paid.has_error()) co_return paid.error();
  if (!*paid) co_return std::optional<Order>();
  const core::Result<core::Money> amount = money_of(dispute.amount, dispute.currency);
  if (amount.has_error()) co_return amount.error();
  billing::MoveDispute moved{(*paid)->org, (*paid)->checkout, std::move(dispute.id), *amount, reinstated};
  Order order{core::aggregate_of((*paid)->org), std::move(moved)};
  co_return std::optional<Order>(std::move(order));
}

http::awaitable<Orders> orders_of(const App& app, const stripe::Event& event) {
  if (const auto* dispute = std::get_if<stripe::Dispute>(&event.object)) {
    Orders orders = co_await orders_of_dispute(app, event.type, *dispute);
    co_return orders;
  }
  co_return std::visit(core::Overloaded{
                           [](const std::monostate&) { return Orders(std::optional<Order>()); },
                           [&](const stripe::CheckoutSession& session) { return orders_of(event.type, session); },
                           [&](const stripe::Charge& charge) { return orders_of(charge); },
                           [&](const stripe::Refund& refund) { return orders_of(app, event.type, refund); },
                           [](const stripe::Dispute&) { return Orders(std::optional<Order>()); },  // see above
                       },
                       event.object);
}

// Money that came and was not credited, or went and was not booked, is for a person to look at.
Error refused(const App& app, const stripe::Event& event, const Error& error) {
  app.metrics.count("batchrouter_stripe_events_total", {{"outcome", "refused"}});
  const std::string_view type = event.type;
  if (core::transient(error.code))
    warn(app.log, "stripe_event_deferred", {{"id", event.id}, {"type", type}, {"code", to_string(error.code)}});
  else
    processors::error(app.log, "stripe_event_refused",
                      {{"id", event.id}, {"type", type}, {"code", to_string(error.code)}, {"why", error.detail}});
  return error;
}

http::Response received(const App& app, const stripe::Event& event, std::string_view outcome) {
  app.metrics.count("batchrouter_stripe_events_total", {{"outcome", outcome}});
  JsonText json;
  json.boolean("received", true).text("event", event.id).text("outcome", outcome);
  return http::json(200, std::move(json).finish());
}

http::awaitable<Outcome> receive(const App& app, std::shared_ptr<http::Proxy> proxy, http::Request& request) {
  const core::Result<stripe::Event> event = read_stripe_event(app, request);
  if (event.has_error()) co_return event.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  Orders order = co_await orders_of(app, *event);
  if (order.has_error()) co_return refused(app, *event, order.error());
  if (!*order) co_return received(app, *event, "ignored");

  core::AggregateKey aggregate = (*order)->aggregate;
  core::AggregateKey needed = aggregate;
  std::optional<Outcome> elsewhere = co_await ask_owner(app, *proxy, std::move(needed), request);
  if (elsewhere) co_return std::move(*elsewhere);
  core::Command what = std::move((*order)->command);
  FAULT_POINT(F20);
  const core::Result<processors::Answer> answer = co_await command(app, std::move(aggregate), std::move(what));
  FAULT_POINT(F21);
  if (answer.has_error()) co_return refused(app, *event, answer.error());
  const std::string_view outcome = answer->replayed ? "known" : "recorded";
  info(app.log, "stripe_event", {{"id", event->id}, {"type", event->type}, {"outcome", outcome}});
  co_return received(app, *event, outcome);
}

}  // namespace

void add_stripe_webhook(http::Router& router, const App& app) {
  const auto proxy = std::make_shared<http::Proxy>();
  router.add(http::Method::post, "/v1/webhooks/stripe",
             [&app, proxy](http::Request& request) { return answered(request, receive(app, proxy, request)); },
             {.body = http::Body::small, .body_bytes_max = body_bytes_max, .access = stripe_event});
}

}  // namespace api::resources
