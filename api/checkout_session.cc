#include "api/checkout_session.h"

#include "api/json_text.h"

namespace api {

using core::billing::Checkout;
using core::billing::CheckoutPhase;

core::Result<Checkout> find_checkout(const App& app, const core::OrgId& org, const core::CheckoutId& id) {
  core::Result<std::optional<Checkout>> checkout = app.reader.find<Checkout>(core::aggregate_of(org), {org, id});
  if (checkout.has_error()) return checkout.error();
  if (!*checkout)
    return core::Error{core::ErrorCode::checkout_not_found,
                       "there is no such checkout session; make one with POST /v1/billing/checkout-sessions"};
  return std::move(**checkout);
}

std::string_view status_of(const Checkout& checkout, core::Timestamp now) {
  switch (checkout.phase) {
    case CheckoutPhase::open: return checkout.expires_at && *checkout.expires_at <= now ? "expired" : "open";
    case CheckoutPhase::paid: return "complete";
    case CheckoutPhase::closed: break;
  }
  if (checkout.closed_because == "payment_failed") return "failed";
  return checkout.closed_because == "cancelled" ? "cancelled" : "expired";
}

std::string checkout_json(const Checkout& checkout, core::Timestamp now) {
  const std::string_view status = status_of(checkout, now);
  const bool paid = checkout.phase == CheckoutPhase::paid;
  JsonText json;
  json.text("id", checkout.id.value()).text("object", "checkout_session");
  json.text_or_null("url", status == "open" ? checkout.url : "").text("status", status);
  json.text("payment_status", paid ? "paid" : "unpaid").text("provider", checkout.provider);
  json.text("pack_code", checkout.pack).money("amount", checkout.amount);
  json.boolean("credited", paid).time_or_null("credited_at", checkout.paid_at);
  json.money("refunded", checkout.refunded).number("disputes", checkout.disputes.size());
  json.time("created_at", checkout.created_at).time_or_null("expires_at", checkout.expires_at);
  return std::move(json).finish();
}

}  // namespace api
