#include "api/billing_lists.h"

#include <charconv>
#include <optional>
#include <vector>

#include "api/cursor.h"
#include "api/query.h"
#include "core/billing/state.h"
#include "core/ledger/state.h"

namespace api {

namespace {

using core::billing::Checkout;
using core::ledger::Entry;
using core::ledger::Reservation;
using processors::Order;

constexpr Bounds rows_per_page{1, 100};
constexpr std::uint32_t rows_per_page_default = 20;
constexpr std::size_t entries_visited_max = 10'000;    // a page of top-ups looks at no more
constexpr std::string_view top_up_prefix = "top_up/";  // of a transfer's id, before the checkout's

std::string_view name_of(BillingList list) {
  switch (list) {
    case BillingList::entries: return "ledger_entries";
    case BillingList::reservations: return "reservations";
    case BillingList::top_ups: return "top_ups";
  }
  return "";
}

CursorScope scope_of(BillingList list, const core::OrgId& org) {
  return {name_of(list), org};
}

std::string entry_key(const BillingPage& page) {
  std::uint64_t sequence = 0;  // text of our own
  std::from_chars(page.after.data(), page.after.data() + page.after.size(), sequence);
  return page.after.empty() ? "" : schemas::row_key<Entry>({page.org, sequence});
}

template <class Visit>
core::Result<void> visit_entries(const App& app, const BillingPage& page, Visit visit) {
  return app.reader.list<Entry>(core::aggregate_of(page.org), schemas::row_prefix<Entry>(page.org), entry_key(page),
                                Order::newest_first, visit);
}

void end_page(JsonText& json, const App& app, BillingList list, const core::OrgId& org, const std::string& next) {
  json.end_array().text_or_null("next_cursor", next.empty() ? "" : seal_cursor(app.vault, scope_of(list, org), next));
}

core::Result<void> add_entries(JsonText& json, const App& app, const BillingPage& page) {
  json.array("data");
  std::uint32_t listed = 0;
  std::uint64_t last = 0;
  const auto scanned = visit_entries(app, page, [&](const Entry& entry) {
    json.element().text("id", entry.transfer.value()).number("sequence", entry.sequence);
    json.text("type", core::ledger::to_string(entry.kind)).money("amount", entry.amount);
    json.money("available_change", entry.available_change).money("reserved_change", entry.reserved_change);
    json.money("available_after", entry.available_after).money("reserved_after", entry.reserved_after);
    json.text_or_null("batch_id", entry.batch.value()).time("created_at", entry.at).end_object();
    last = entry.sequence;
    return ++listed < page.limit;
  });
  if (scanned.has_error()) return scanned;
  // Sequences run from 1 without gaps.
  end_page(json, app, BillingList::entries, page.org, last > 1 ? std::to_string(last) : "");
  return {};
}

core::Result<void> add_reservations(JsonText& json, const App& app, const BillingPage& page) {
  const std::string after =
      page.after.empty() ? "" : schemas::row_key<Reservation>({page.org, core::BatchId(page.after)});
  json.array("data");
  std::uint32_t listed = 0;
  std::string last;
  std::string next;
  const auto scanned = app.reader.list<Reservation>(
      core::aggregate_of(page.org), schemas::row_prefix<Reservation>(page.org), after, Order::newest_first,
      [&](const Reservation& reservation) {
        if (listed == page.limit) {
          next = last;
          return false;
        }
        json.element().text("batch_id", reservation.batch.value());
        json.text("status", reservation.open() > core::Money{} ? "open" : "resolved");
        json.money("amount", reservation.amount).money("captured", reservation.captured);
        json.money("released", reservation.released).time("created_at", reservation.created_at).end_object();
        last = reservation.batch.value();
        ++listed;
        return true;
      });
  if (scanned.has_error()) return scanned;
  end_page(json, app, BillingList::reservations, page.org, next);
  return {};
}

struct TopUps {
  std::vector<Entry> entries;
  std::uint64_t next = 0;  // the place to go on from; 0: nothing follows
};

core::Result<TopUps> find_top_ups(const App& app, const BillingPage& page) {
  TopUps found;
  std::size_t visited = 0;
  const auto scanned = visit_entries(app, page, [&](const Entry& entry) {
    if (entry.kind == core::ledger::TransferKind::top_up) {
      if (found.entries.size() == page.limit) {
        found.next = found.entries.back().sequence;
        return false;
      }
      found.entries.push_back(entry);
    }
    if (++visited < entries_visited_max || entry.sequence == 1) return true;
    found.next = entry.sequence;
    return false;
  });
  if (scanned.has_error()) return scanned.error();
  return found;
}

core::Result<void> add_top_up(JsonText& json, const App& app, const Entry& entry) {
  std::string_view id = entry.transfer.value();
  id.remove_prefix(id.starts_with(top_up_prefix) ? top_up_prefix.size() : 0);
  const auto checkout =
      app.reader.find<Checkout>(core::aggregate_of(entry.org), {entry.org, core::CheckoutId(std::string(id))});
  if (checkout.has_error()) return checkout.error();
  json.element().text("checkout_session_id", id);
  json.text_or_null("pack_code", *checkout ? (*checkout)->pack : "");
  json.text_or_null("provider", *checkout ? (*checkout)->provider : "");
  json.money("amount", entry.amount).money("refunded", *checkout ? (*checkout)->refunded : core::Money{});
  json.number("disputes", *checkout ? (*checkout)->disputes.size() : std::size_t{0});
  json.time("created_at", entry.at).end_object();
  return {};
}

core::Result<std::uint64_t> add_top_ups(JsonText& json, const App& app, std::string_view name,
                                        const BillingPage& page) {
  const core::Result<TopUps> found = find_top_ups(app, page);
  if (found.has_error()) return found.error();
  json.array(name);
  for (const Entry& entry : found->entries) {
    if (const auto added = add_top_up(json, app, entry); added.has_error()) return added.error();
  }
  return found->next;
}

}  // namespace

core::Result<BillingPage> parse_billing_page(const App& app, const http::Request& request, const core::OrgId& org,
                                             BillingList list) {
  if (auto checked = check_query(request, {"limit", "cursor"}); checked.has_error()) return checked.error();
  const core::Result<std::uint32_t> limit = query_number(request, "limit", rows_per_page, rows_per_page_default);
  if (limit.has_error()) return limit.error();
  BillingPage page{.org = org, .limit = *limit};
  if (const std::optional<std::string> cursor = request.query("cursor")) {
    core::Result<std::string> place = open_cursor(app.vault, scope_of(list, org), *cursor);
    if (place.has_error()) return place.error();
    page.after = std::move(*place);
  }
  return page;
}

core::Result<void> add_billing_page(JsonText& json, const App& app, BillingList list, const BillingPage& page) {
  switch (list) {
    case BillingList::entries: return add_entries(json, app, page);
    case BillingList::reservations: return add_reservations(json, app, page);
    case BillingList::top_ups: {
      const core::Result<std::uint64_t> next = add_top_ups(json, app, "data", page);
      if (next.has_error()) return next.error();
      end_page(json, app, list, page.org, *next == 0 ? "" : std::to_string(*next));
      return {};
    }
  }
  return core::Error{core::ErrorCode::internal, "a list of nothing"};
}

core::Result<void> add_newest_top_ups(JsonText& json, const App& app, const core::OrgId& org) {
  const core::Result<std::uint64_t> next =
      add_top_ups(json, app, "top_ups", {.org = org, .limit = rows_per_page_default});
  if (next.has_error()) return next.error();
  json.end_array();
  return {};
}

}  // namespace api
