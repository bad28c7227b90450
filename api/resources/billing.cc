// GET /v1/billing/credits and what it is made of, page by page; PUT /v1/billing/profile.

#include <utility>

#include "api/authentication.h"
#include "api/billing_contact.h"
#include "api/billing_lists.h"
#include "api/credit_packs.h"
#include "api/email_address.h"
#include "api/funding.h"
#include "api/html_page.h"
#include "api/http/coroutines.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/outcome.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/billing/commands.h"

namespace api::resources {

namespace {

using core::ledger::Reservation;

constexpr std::size_t reservations_listed_max = 100;
constexpr std::size_t reservations_visited_max = 10'000;
constexpr std::size_t email_text_bytes_max = 320;  // with space around it
constexpr std::size_t name_bytes_max = 200;

void add_contact(JsonText& json, const std::optional<schemas::BillingContact>& contact) {
  json.text_or_null("billing_email", contact ? contact->email : "");
  json.text_or_null("name", contact ? contact->name : "");
}

void add_packs(JsonText& json, const App& app) {
  json.array("packs");
  for (const CreditPack& pack : credit_packs()) {
    json.element().text("code", pack.code).money("amount", pack.amount);
    json.boolean("purchasable", app.checkout != nullptr);
    json.text_or_null("reason", app.checkout != nullptr ? ""
                                                        : "checkout is switched off in this deployment; see "
                                                          "features.checkout of GET /v1/runtime");
    json.end_object();
  }
  json.end_array();
}

void add_balance(JsonText& json, const Balance& balance) {
  json.object("balance").money("available", balance.available).money("reserved", balance.reserved);
  json.money("captured_total", balance.totals.captured).money("granted_total", balance.totals.granted);
  json.money("topped_up_total", balance.totals.topped_up).money("refunded_total", balance.totals.refunded);
  json.text("currency", "usd").end_object();
}

// Newest first, until they add up to what the org has reserved: what lies beyond is resolved, however much it is.
core::Result<void> add_open_reservations(JsonText& json, const App& app, const core::OrgId& org, core::Money reserved) {
  json.array("reservations");
  core::Money found;
  std::size_t listed = 0;
  std::size_t visited = 0;
  if (reserved > core::Money{}) {
    const auto scanned = app.reader.list<Reservation>(
        core::aggregate_of(org), schemas::row_prefix<Reservation>(org), "", processors::Order::newest_first,
        [&](const Reservation& reservation) {
          if (reservation.open() == core::Money{}) return ++visited < reservations_visited_max;
          json.element().text("batch_id", reservation.batch.value()).money("amount", reservation.amount);
          json.money("captured", reservation.captured).money("released", reservation.released);
          json.time("created_at", reservation.created_at).end_object();
          found = found + reservation.open();
          return ++listed < reservations_listed_max && found < reserved;
        });
    if (scanned.has_error()) return scanned;
  }
  json.end_array().boolean("reservations_complete", found >= reserved);
  return {};
}

core::Result<std::string> read_credits(const App& app, const BillingPage& page) {
  const core::Result<std::optional<schemas::BillingContact>> contact = read_billing_contact(app, page.org);
  if (contact.has_error()) return contact.error();
  const core::Result<Balance> balance = read_balance(app.reader, page.org);
  if (balance.has_error()) return balance.error();

  JsonText json;
  json.object("profile");
  add_contact(json, *contact);
  json.end_object();
  add_packs(json, app);
  add_balance(json, *balance);
  json.object("ledger_entries");
  if (const auto added = add_billing_page(json, app, BillingList::entries, page); added.has_error())
    return added.error();
  json.end_object();
  if (const auto added = add_open_reservations(json, app, page.org, balance->reserved); added.has_error())
    return added.error();
  if (const auto added = add_newest_top_ups(json, app, page.org); added.has_error()) return added.error();
  return std::move(json).finish();
}

http::awaitable<Outcome> get_credits(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::Result<BillingPage> page = parse_billing_page(app, request, principal->org, BillingList::entries);
  if (page.has_error()) co_return page.error();

  auto read = [&app, page = *page] { return read_credits(app, page); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(read));
  if (body.has_error()) co_return body.error();
  co_return unstored(http::json(200, std::move(*body)));
}

http::awaitable<Outcome> get_list(const App& app, http::Request& request, BillingList list) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  const core::Result<BillingPage> page = parse_billing_page(app, request, principal->org, list);
  if (page.has_error()) co_return page.error();

  auto read = [&app, list, page = *page]() -> core::Result<std::string> {
    JsonText json;
    json.text("object", "list");
    if (const auto added = add_billing_page(json, app, list, page); added.has_error()) return added.error();
    return std::move(json).finish();
  };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(read));
  if (body.has_error()) co_return body.error();
  co_return unstored(http::json(200, std::move(*body)));
}

core::Result<schemas::BillingContact> parse_contact(const http::Request& request) {
  const core::Result<JsonBody> body = JsonBody::parse(request, {"billing_email", "email", "name"});
  if (body.has_error()) return body.error();
  if (body->has("billing_email") && body->has("email"))
    return core::Error{core::ErrorCode::invalid_request, "'billing_email' and 'email' say the same; send one", "email"};
  const std::string_view member = body->has("email") ? "email" : "billing_email";
  const core::Result<std::string> text = body->text(member, email_text_bytes_max);
  if (text.has_error()) return text.error();
  const core::Result<EmailAddress> email = parse_email_address(*text);
  if (email.has_error()) return email.error();
  const core::Result<std::optional<std::string>> name = body->optional_text("name", name_bytes_max);
  if (name.has_error()) return name.error();
  return schemas::BillingContact{email->written, name->value_or("")};
}

http::awaitable<Outcome> put_profile(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return principal.error();
  if (const auto query = check_query(request, {}); query.has_error()) co_return query.error();
  const core::Result<schemas::BillingContact> contact = parse_contact(request);
  if (contact.has_error()) co_return contact.error();

  auto seal = [&app, org = principal->org, text = schemas::encode_billing_contact(*contact)] {
    return app.vault.seal(org, text);
  };
  core::Result<core::Sealed> sealed = co_await http::run_on(app.blocking, std::move(seal));
  if (sealed.has_error()) co_return sealed.error();
  core::Command set = core::billing::SetProfile{principal->org, std::move(*sealed)};
  const core::Result<processors::Answer> answer =
      co_await command(app, core::aggregate_of(principal->org), std::move(set));
  if (answer.has_error()) co_return answer.error();
  JsonText json;
  json.text("object", "billing_profile");
  add_contact(json, *contact);
  co_return unstored(http::json(200, std::move(json).finish()));
}

}  // namespace

void add_billing(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/billing/credits",
             [&app](http::Request& request) { return answered(request, get_credits(app, request)); }, {.access = org});
  const auto add_list = [&](const char* path, BillingList list) {
    router.add(http::Method::get, path,
               [&app, list](http::Request& request) { return answered(request, get_list(app, request, list)); },
               {.access = org});
  };
  add_list("/v1/billing/entries", BillingList::entries);
  add_list("/v1/billing/reservations", BillingList::reservations);
  add_list("/v1/billing/top-ups", BillingList::top_ups);
  router.add(http::Method::put, "/v1/billing/profile",
             [&app](http::Request& request) { return answered(request, put_profile(app, request)); },
             {.body = http::Body::small, .body_bytes_max = 16 * 1024, .access = org});
}

}  // namespace api::resources
