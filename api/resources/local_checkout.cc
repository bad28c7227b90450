// The page that stands in for a payment provider in development. Its address, which has a signature, is all it takes to
// pay or to cancel: no session, no script.
#include "adapters/local_checkout/local_checkout.h"

#include <utility>

#include "api/checkout_session.h"
#include "api/html_page.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"

namespace api::resources {

namespace {

using core::billing::Checkout;

constexpr const char* page_path = "/v1/billing/local-checkout/{org}/{checkout}";

core::Result<Checkout> open_page(const App& app, const http::Request& request) {
  if (app.local_checkout == nullptr)
    return core::Error{core::ErrorCode::feature_switched_off,
                       "the local checkout page is for development without a payment provider"};
  if (const auto query = check_query(request, {"signature"}); query.has_error()) return query.error();
  const core::OrgId org(request.path_parameter("org"));
  const core::CheckoutId id(request.path_parameter("checkout"));
  if (!app.local_checkout->is_signed(org, id, request.query("signature").value_or("")))
    return core::Error{core::ErrorCode::signature_invalid,
                       "this is not the address of a checkout page; take the url of POST /v1/billing/checkout-sessions",
                       "signature"};
  return find_checkout(app, org, id);
}

constexpr std::string_view notice =
    "This page is a <strong>local stand-in</strong> for a payment provider. It takes no money and asks for no card: it "
    "exists so that checkout can be tried in development.</p><p>";

// The path and the signature are ours: nothing in them needs escaping.
std::string button(const http::Request& request, std::string_view action, std::string_view label) {
  const std::string target = request.path + "/" + std::string(action) + "?signature=" + *request.query("signature");
  return "<form method=\"post\" action=\"" + target + "\"><button>" + std::string(label) + "</button></form>";
}

std::string_view what_became_of(const Checkout& checkout, core::Timestamp now) {
  const std::string_view status = status_of(checkout, now);
  if (status == "complete") return "Paid, and the credit is posted. You may close this window.";
  if (status == "cancelled") return "Cancelled. Nothing was credited.";
  return "This checkout is over. Nothing was credited; begin another.";
}

http::Response render(const App& app, const http::Request& request, const Checkout& checkout) {
  std::string body(notice);
  body += "BatchRouter credit: <strong>" + core::to_decimal(checkout.amount) +
          " USD</strong><br>Checkout session: <code>" + checkout.id.value() + "</code></p><p>";
  body += status_of(checkout, app.now()) == "open" ? button(request, "pay", "Pay") + button(request, "cancel", "Cancel")
                                                   : std::string(what_became_of(checkout, app.now()));
  return html_page(200, "Local checkout: no money is taken", body);
}

http::awaitable<Outcome> get_page(const App& app, http::Request& request) {
  const core::Result<Checkout> checkout = open_page(app, request);
  if (checkout.has_error()) co_return checkout.error();
  co_return render(app, request, *checkout);
}

enum class Choice { pay, cancel };

core::Command command_of(const Checkout& checkout, Choice choice) {
  if (choice == Choice::cancel) return core::billing::CloseCheckout{checkout.org, checkout.id, "cancelled"};
  return core::billing::PayCheckout{checkout.org, checkout.id, core::PaymentId("local_" + checkout.id.value()),
                                    checkout.amount};
}

// A checkout that has ended stays as it is.
http::awaitable<Outcome> post_choice(const App& app, http::Request& request, Choice choice) {
  const core::Result<Checkout> checkout = open_page(app, request);
  if (checkout.has_error()) co_return checkout.error();
  if (status_of(*checkout, app.now()) == "open") {
    core::Command decided = command_of(*checkout, choice);
    const core::Result<processors::Answer> answer =
        co_await command(app, core::aggregate_of(checkout->org), std::move(decided));
    if (answer.has_error()) co_return answer.error();
  }
  const core::Result<Checkout> after = find_checkout(app, checkout->org, checkout->id);
  if (after.has_error()) co_return after.error();
  co_return render(app, request, *after);
}

}  // namespace

void add_local_checkout(http::Router& router, const App& app) {
  const http::RouteOptions options{.access = local_page};
  router.add(
      http::Method::get, page_path,
      [&app](http::Request& request) { return answered(request, get_page(app, request)); }, options);
  router.add(
      http::Method::post, std::string(page_path) + "/pay",
      [&app](http::Request& request) { return answered(request, post_choice(app, request, Choice::pay)); }, options);
  router.add(
      http::Method::post, std::string(page_path) + "/cancel",
      [&app](http::Request& request) { return answered(request, post_choice(app, request, Choice::cancel)); }, options);
}

}  // namespace api::resources
