// GET /v1/billing/credits.

#include <array>
#include <charconv>
#include <utility>

#include "api/authentication.h"
#include "api/cursor.h"
#include "api/funding.h"
#include "api/http/coroutines.h"
#include "api/http/problem.h"
#include "api/json_text.h"
#include "api/query.h"
#include "api/resources/resources.h"
#include "core/identity/state.h"
#include "schemas/profile.h"

namespace api::resources {

namespace {

using core::ledger::Entry;
using core::ledger::Reservation;

constexpr Bounds entries_per_page{1, 100};
constexpr std::uint32_t entries_per_page_default = 20;
constexpr std::size_t reservations_listed_max = 100;
constexpr std::size_t reservations_visited_max = 10'000;

struct Pack {
  std::string_view code;
  core::Money amount;
};
constexpr std::array packs{
    Pack{"credit_10", core::Money::from_cents(10'00)}, Pack{"credit_25", core::Money::from_cents(25'00)},
    Pack{"credit_100", core::Money::from_cents(100'00)}, Pack{"credit_500", core::Money::from_cents(500'00)}};

struct CreditsRequest {
  core::OrgId org;
  std::uint32_t limit = entries_per_page_default;
  std::uint64_t before = 0;  // entries with a lower sequence only; 0: all
};

CursorScope scope_of(const core::OrgId& org) {
  return {"ledger_entries", org};
}

core::Result<CreditsRequest> parse_credits_request(const App& app, const http::Request& request,
                                                   const core::OrgId& org) {
  if (auto checked = check_query(request, {"limit", "cursor"}); checked.has_error()) return checked.error();
  const core::Result<std::uint32_t> limit = query_number(request, "limit", entries_per_page, entries_per_page_default);
  if (limit.has_error()) return limit.error();
  CreditsRequest asked;
  asked.org = org;
  asked.limit = *limit;
  if (const std::optional<std::string> cursor = request.query("cursor")) {
    const core::Result<std::string> place = open_cursor(app.vault, scope_of(org), *cursor);
    if (place.has_error()) return place.error();
    const char* const end = place->data() + place->size();
    const auto [rest, error] = std::from_chars(place->data(), end, asked.before);
    if (error != std::errc() || rest != end || asked.before == 0) return invalid_cursor();
  }
  return asked;
}

core::Result<std::optional<schemas::Profile>> read_profile(const App& app, const core::OrgId& id) {
  const auto org = app.reader.find<core::identity::Org>(core::aggregate_of(id), {id});
  if (org.has_error()) return org.error();
  if (!*org || (*org)->profile.text().empty()) return std::optional<schemas::Profile>{};
  const core::Result<std::string> plain = app.vault.unseal(id, (*org)->profile);
  if (plain.has_error()) return plain.error();
  core::Result<schemas::Profile> profile = schemas::decode_profile(*plain);
  if (profile.has_error()) return profile.error();
  return std::optional(std::move(*profile));
}

void add_profile(JsonText& json, const std::optional<schemas::Profile>& profile) {
  json.object("profile");
  json.text_or_null("billing_email", profile ? profile->email : "");
  json.text_or_null("name", profile ? profile->name : "");
  json.end_object();
}

void add_packs(JsonText& json) {
  json.array("packs");
  for (const Pack& pack : packs) {
    json.element().text("code", pack.code).money("amount", pack.amount).boolean("purchasable", false);
    json.text("reason", "checkout is switched off in this deployment; see features.checkout of GET /v1/runtime");
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

void add_entry(JsonText& json, const Entry& entry) {
  json.element().text("id", entry.transfer.value()).number("sequence", entry.sequence);
  json.text("type", core::ledger::to_string(entry.kind)).money("amount", entry.amount);
  json.money("available_after", entry.available_after).money("reserved_after", entry.reserved_after);
  json.text_or_null("batch_id", entry.batch.value()).time("created_at", entry.at).end_object();
}

core::Result<void> add_entries(JsonText& json, const App& app, const CreditsRequest& asked) {
  const std::string after = asked.before == 0 ? "" : schemas::row_key<Entry>({asked.org, asked.before});
  json.object("ledger_entries").array("data");
  std::uint32_t listed = 0;
  std::uint64_t last = 0;
  const auto scanned = app.reader.list<Entry>(core::aggregate_of(asked.org), schemas::row_prefix<Entry>(asked.org),
                                              after, processors::Order::newest_first, [&](const Entry& entry) {
                                                add_entry(json, entry);
                                                last = entry.sequence;
                                                return ++listed < asked.limit;
                                              });
  if (scanned.has_error()) return scanned;
  // Sequences run from 1 without gaps.
  const std::string next = last > 1 ? seal_cursor(app.vault, scope_of(asked.org), std::to_string(last)) : "";
  json.end_array().text_or_null("next_cursor", next).end_object();
  return {};
}

// Newest first, until they add up to what the org has reserved: what lies beyond is resolved, however much it is.
core::Result<void> add_reservations(JsonText& json, const App& app, const core::OrgId& org, core::Money reserved) {
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

core::Result<std::string> read_credits(const App& app, const CreditsRequest& asked) {
  const core::Result<std::optional<schemas::Profile>> profile = read_profile(app, asked.org);
  if (profile.has_error()) return profile.error();
  const core::Result<Balance> balance = read_balance(app.reader, asked.org);
  if (balance.has_error()) return balance.error();

  JsonText json;
  add_profile(json, *profile);
  add_packs(json);
  add_balance(json, *balance);
  if (const auto added = add_entries(json, app, asked); added.has_error()) return added.error();
  if (const auto added = add_reservations(json, app, asked.org, balance->reserved); added.has_error())
    return added.error();
  json.array("top_ups").end_array();  // come with checkout
  return std::move(json).finish();
}

http::awaitable<http::Response> get_credits(const App& app, http::Request& request) {
  const core::Result<Principal> principal = authenticate(app, request);
  if (principal.has_error()) co_return http::problem(principal.error(), request);
  const core::Result<CreditsRequest> asked = parse_credits_request(app, request, principal->org);
  if (asked.has_error()) co_return http::problem(asked.error(), request);

  auto read = [&app, asked = *asked] { return read_credits(app, asked); };
  core::Result<std::string> body = co_await http::run_on(app.blocking, std::move(read));
  if (body.has_error()) co_return http::problem(body.error(), request);
  http::Response response = http::json(200, std::move(*body));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

void add_billing(http::Router& router, const App& app) {
  router.add(http::Method::get, "/v1/billing/credits",
             [&app](http::Request& request) { return get_credits(app, request); }, {.access = org});
}

}  // namespace api::resources
