#include "schemas/stripe_objects.h"

#include <algorithm>

#include "schemas/dialect/json.h"
#include "schemas/tokens.h"

namespace schemas::stripe {

namespace {

using dialect::Json;
using dialect::Object;

constexpr std::size_t id_bytes_max = 255;
constexpr std::string_view checkout_prefix = "chk_";
constexpr std::int64_t time_max = 253'402'300'799;  // the end of the year 9999

core::Error missing(std::string_view what) {
  return {core::ErrorCode::invalid_request, "this is no object of Stripe's that we know: '" + std::string(what) + "'",
          std::string(what)};
}

// Of visible ASCII, as all of Stripe's are: they become keys of ours.
std::string word(const Json& json) {
  if (!json.is_string()) return {};
  std::string text = json.string();
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return visible && text.size() <= id_bytes_max ? text : std::string();
}

// An id, or the object itself where Stripe was asked to put it in its place.
std::string id_of(const Json& json) {
  return json.is_object() ? word(Object(json)["id"]) : word(json);
}

std::chrono::sys_seconds time_of(const Json& json) {
  const std::int64_t seconds = std::clamp<std::int64_t>(json.whole_number().value_or(0), 0, time_max);
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

std::int64_t amount_of(const Json& json) {
  return std::max<std::int64_t>(json.whole_number().value_or(0), 0);
}

bool is_id(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && ulid_well_formed(text.substr(prefix.size()));
}

Metadata metadata_of(const Json& json) {
  const Object object(json);
  return {word(object["checkout"]), word(object["org"])};
}

core::Result<CheckoutSession> session_of(const Json& json) {
  const Object object(json);
  CheckoutSession session;
  session.id = word(object["id"]);
  session.url = word(object["url"]);
  if (object["url"].is_string() && session.url.empty()) session.url = object["url"].string();  // longer than an id
  session.status = word(object["status"]);
  session.payment_status = word(object["payment_status"]);
  session.amount_total = amount_of(object["amount_total"]);
  session.currency = word(object["currency"]);
  session.payment_intent = id_of(object["payment_intent"]);
  session.expires_at = time_of(object["expires_at"]);
  session.metadata = metadata_of(object["metadata"]);
  if (session.id.empty()) return missing("id");
  return session;
}

core::Result<Charge> charge_of(const Json& json) {
  const Object object(json);
  Charge charge;
  charge.id = word(object["id"]);
  charge.payment_intent = id_of(object["payment_intent"]);
  charge.amount_refunded = amount_of(object["amount_refunded"]);
  charge.currency = word(object["currency"]);
  charge.metadata = metadata_of(object["metadata"]);
  if (charge.id.empty()) return missing("id");
  return charge;
}

core::Result<Refund> refund_of(const Json& json) {
  const Object object(json);
  Refund refund{word(object["id"]), id_of(object["payment_intent"]), word(object["status"])};
  if (refund.id.empty()) return missing("id");
  return refund;
}

core::Result<PaymentIntent> payment_intent_of(const Json& json) {
  const Object object(json);
  PaymentIntent payment{word(object["id"]), metadata_of(object["metadata"])};
  if (payment.id.empty()) return missing("id");
  return payment;
}

core::Result<Dispute> dispute_of(const Json& json) {
  const Object object(json);
  Dispute dispute;
  dispute.id = word(object["id"]);
  dispute.payment_intent = id_of(object["payment_intent"]);
  dispute.amount = amount_of(object["amount"]);
  dispute.currency = word(object["currency"]);
  if (dispute.id.empty()) return missing("id");
  return dispute;
}

core::Result<void> add_object(Event& event, const Json& json) {
  const std::string_view type = event.type;
  const auto put = [&event](auto read) -> core::Result<void> {
    if (read.has_error()) return read.error();
    event.object = std::move(*read);
    return {};
  };
  if (type.starts_with("checkout.session.")) return put(session_of(json));
  if (type.starts_with("charge.dispute.")) return put(dispute_of(json));
  if (type == "charge.refunded") return put(charge_of(json));
  if (type.starts_with("refund.") || type.starts_with("charge.refund.")) return put(refund_of(json));
  return {};
}

}  // namespace

std::optional<OurCheckout> our_checkout(const Metadata& metadata) {
  if (!is_id(metadata.org, org_prefix) || !is_id(metadata.checkout, checkout_prefix)) return std::nullopt;
  return OurCheckout{core::OrgId(metadata.org), core::CheckoutId(metadata.checkout)};
}

core::Result<CheckoutSession> read_session(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return compact.error();
  return session_of(Json(*compact));
}

core::Result<PaymentIntent> read_payment_intent(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return compact.error();
  return payment_intent_of(Json(*compact));
}

core::Result<Event> read_event(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return compact.error();
  const Object object{Json(*compact)};
  Event event;
  event.id = word(object["id"]);
  event.type = word(object["type"]);
  event.created = time_of(object["created"]);
  if (event.id.empty()) return missing("id");
  if (event.type.empty()) return missing("type");
  if (const auto added = add_object(event, Object(object["data"])["object"]); added.has_error()) return added.error();
  return event;
}

Refusal read_refusal(std::string_view json) {
  const core::Result<std::string> compact = dialect::compact_json(json);
  if (compact.has_error()) return {};
  const Object error{Object(Json(*compact))["error"]};
  return {word(error["type"]), word(error["code"]), word(error["param"])};
}

}  // namespace schemas::stripe
