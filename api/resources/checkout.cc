// POST and GET /v1/billing/checkout-sessions, and the page to which a customer returns from paying.
#include <algorithm>
#include <utility>

#include "adapters/random/random.h"
#include "api/authentication.h"
#include "api/billing_contact.h"
#include "api/checkout_session.h"
#include "api/credit_packs.h"
#include "api/html_page.h"
#include "api/http/coroutines.h"
#include "api/idempotency.h"
#include "api/json_body.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "schemas/digest.h"
#include "schemas/tokens.h"

namespace api::resources {

namespace {

using core::Error;
using core::ErrorCode;
using core::billing::Checkout;
using processors::CheckoutPage;

constexpr std::size_t pack_code_bytes_max = 64;
constexpr std::size_t url_bytes_max = 2'048;
constexpr std::string_view checkout_prefix = "chk_";
constexpr const char* sessions_path = "/v1/billing/checkout-sessions";

Error switched_off() {
  return {ErrorCode::feature_switched_off,
          "no payment provider is set up in this deployment, so credit cannot be bought; features.checkout of GET "
          "/v1/runtime says when it can"};
}

// The same request under the same key is the same checkout, whichever node it comes to.
core::CheckoutId checkout_id(const App& app, const core::OrgId& org, const std::optional<std::string>& key) {
  std::string id(checkout_prefix);
  if (!key) return core::CheckoutId(id + adapters::random::make_ulid(app.now()));
  const std::string bytes = schemas::sha256_raw(org.value() + "\n" + idempotency_digest(sessions_path, *key).value());
  id += schemas::crockford_digits[static_cast<unsigned char>(bytes[0]) & 7];  // 128 bits leave three for the first
  for (std::size_t digit = 1; digit < schemas::ulid_digits; ++digit)
    id += schemas::crockford_digits[static_cast<unsigned char>(bytes[digit]) & 31];
  return core::CheckoutId(std::move(id));
}

// Where a customer is sent after paying: over https, or to ourselves. Empty where the client names nothing.
core::Result<std::string> return_url(const App& app, const JsonBody& body, std::string_view name) {
  const core::Result<std::optional<std::string>> given = body.optional_text(name, url_bytes_max);
  if (given.has_error()) return given.error();
  if (!*given) return std::string();
  const std::string& url = **given;
  const bool plain = url.find_first_of(" \"<>\\^`") == std::string::npos &&
                     std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const bool ours = url.starts_with(app.settings.public_url + "/");
  const std::string_view rest = std::string_view(url).substr(std::min<std::size_t>(url.size(), 8));
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const bool secure = url.starts_with("https://") && !host.empty() && host.find('@') == std::string_view::npos;
  if (plain && (ours || secure)) return url;
  return Error{ErrorCode::invalid_request,
               "'" + std::string(name) + "' must be an https URL without user name, its special characters encoded",
               std::string(name)};
}

struct Order {
  core::billing::OpenCheckout opening;
  std::string success_url;
  std::string cancel_url;
};

core::Result<Order> parse_order(const App& app, const http::Request& request, const core::OrgId& org) {
  const core::Result<std::optional<std::string>> key = idempotency_key(request);
  if (key.has_error()) return key.error();
  const core::Result<JsonBody> body = JsonBody::parse(request, {"pack_code", "success_url", "cancel_url"});
  if (body.has_error()) return body.error();
  const core::Result<std::string> code = body->text("pack_code", pack_code_bytes_max);
  if (code.has_error()) return code.error();
  const CreditPack* pack = find_credit_pack(*code);
  if (pack == nullptr)
    return Error{ErrorCode::unknown_pack, "there is no such credit pack; GET /v1/billing/credits lists them as packs",
                 "pack_code"};

  Order order;
  order.opening.org = org;
  order.opening.checkout = checkout_id(app, org, *key);
  order.opening.pack = pack->code;
  order.opening.amount = pack->amount;
  order.opening.provider = app.checkout->name();
  const core::Result<std::string> success = return_url(app, *body, "success_url");
  if (success.has_error()) return success.error();
  const core::Result<std::string> cancel = return_url(app, *body, "cancel_url");
  if (cancel.has_error()) return cancel.error();
  // Of what the client sent: our own URL may be another one when it sends it again.
  order.opening.request = schemas::sha256(order.opening.pack + "\n" + *success + "\n" + *cancel);
  const std::string back =
      app.settings.public_url + "/v1/billing/return?checkout_session=" + order.opening.checkout.value();
  order.success_url = success->empty() ? back : *success;
  order.cancel_url = cancel->empty() ? back : *cancel;
  return order;
}

// What the provider refuses, in words for a customer: what is the operator's to mend is no fault of the request.
Error provider_refusal(const App& app, const Error& error) {
  if (error.code == ErrorCode::idempotency_conflict) return error;
  if (error.code == ErrorCode::invalid_request && error.param == "customer_email")
    return {ErrorCode::invalid_request,
            "the payment provider does not take the billing e-mail; set another with PUT /v1/billing/profile",
            "billing_email"};
  if (error.code == ErrorCode::invalid_request) return {ErrorCode::invalid_request, error.detail};
  if (error.code == ErrorCode::configuration_invalid)
    processors::error(app.log, "checkout_misconfigured", {{"provider", app.checkout->name()}, {"why", error.detail}});
  return {
      ErrorCode::unavailable,
      "the payment provider cannot be reached. Nothing was paid; send the same request again shortly, with the same "
      "Idempotency-Key"};
}

// The provider's page, asked for and made known. The intent is durable before, so that a crash in between leaves
// nothing that cannot be found: asked again, the provider answers with the same page. Pack and amount are those of the
// intent, as the catalog of packs may have changed since.
http::awaitable<core::Result<void>> make_page(const App& app, Checkout checkout, Order order) {
  auto read = [&app, org = checkout.org] { return read_billing_contact(app, org); };
  const core::Result<std::optional<schemas::BillingContact>> contact =
      co_await http::run_on(app.blocking, std::move(read));
  if (contact.has_error()) co_return contact.error();

  processors::CheckoutRequest asked;
  asked.checkout = checkout.id;
  asked.org = checkout.org;
  if (*contact) asked.customer_email = (*contact)->email;
  asked.pack_code = checkout.pack;
  asked.description = "BatchRouter credit, " + core::to_decimal(checkout.amount) + " USD";
  asked.amount = checkout.amount;
  asked.success_url = std::move(order.success_url);
  asked.cancel_url = std::move(order.cancel_url);
  std::function<void(std::function<void(core::Result<CheckoutPage>)>)> create =
      [&app, asked = std::move(asked)](std::function<void(core::Result<CheckoutPage>)> done) {
        app.checkout->create(asked, std::move(done));
      };
  core::Result<CheckoutPage> page = co_await http::async_result<CheckoutPage>(std::move(create));
  if (page.has_error()) co_return provider_refusal(app, page.error());

  core::billing::RecordCheckoutPage record;
  record.org = checkout.org;
  record.checkout = checkout.id;
  record.session = std::move(page->session);
  record.url = std::move(page->url);
  record.expires_at = page->expires_at;
  core::Command recording = std::move(record);
  const core::Result<processors::Answer> recorded =
      co_await command(app, core::aggregate_of(checkout.org), std::move(recording));
  if (recorded.has_error()) co_return recorded.error();
  co_return core::Result<void>();
}

bool needs_page(const Checkout& checkout) {
  return checkout.session.empty() && checkout.phase == core::billing::CheckoutPhase::open;
}

Outcome respond(const App& app, const core::OrgId& org, const core::CheckoutId& id, int status) {
  const core::Result<Checkout> checkout = find_checkout(app, org, id);
  if (checkout.has_error()) return checkout.error();
  return unstored(http::json(status, checkout_json(*checkout, app.now())));
}

http::awaitable<Outcome> create_session(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (app.checkout == nullptr) co_return switched_off();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  core::Result<Order> order = parse_order(app, request, principal->org);
  if (order.has_error()) co_return order.error();
  const core::CheckoutId id = order->opening.checkout;

  core::Command opening = order->opening;
  const core::Result<processors::Answer> opened =
      co_await command(app, core::aggregate_of(principal->org), std::move(opening));
  if (opened.has_error()) co_return opened.error();
  const core::Result<Checkout> checkout = find_checkout(app, principal->org, id);
  if (checkout.has_error()) co_return checkout.error();
  if (needs_page(*checkout)) {
    const core::Result<void> made = co_await make_page(app, *checkout, std::move(*order));
    if (made.has_error()) co_return made.error();
  }
  Outcome answer = respond(app, principal->org, id, 201);
  if (answer.has_value()) {
    answer->headers.set("Location", std::string(sessions_path) + "/" + id.value());
    if (opened->replayed) answer->headers.set("Idempotent-Replayed", "true");
  }
  co_return answer;
}

// Whether checkout is on or not: what was bought before stays readable.
http::awaitable<Outcome> get_session(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  co_return respond(app, principal->org, core::CheckoutId(request.path_parameter("session")), 200);
}

// Knows nobody and looks nothing up: it only shows the id that it was given. A provider may add what it likes to the
// URL.
http::awaitable<http::Response> get_return_page(http::Request& request) {
  std::string body =
      "You may close this window. Credits are posted as soon as the payment is confirmed, which takes moments with a "
      "card and may take days with a bank.";
  const std::string id = request.query("checkout_session").value_or("");
  if (id.starts_with(checkout_prefix) && schemas::ulid_well_formed(std::string_view(id).substr(checkout_prefix.size())))
    body += "</p><p>Checkout session: <code>" + id + "</code>";
  co_return html_page(200, "Back from checkout", body);
}

}  // namespace

void add_checkout(http::Router& router, const App& app) {
  router.add(http::Method::post, sessions_path,
             [&app](http::Request& request) { return answered(request, create_session(app, request)); },
             {.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = org});
  router.add(http::Method::get, std::string(sessions_path) + "/{session}",
             [&app](http::Request& request) { return answered(request, get_session(app, request)); }, {.access = org});
  router.add(http::Method::get, "/v1/billing/return", [](http::Request& request) { return get_return_page(request); },
             {.access = anyone});
}

}  // namespace api::resources
