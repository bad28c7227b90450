#include "api/funding.h"

#include <algorithm>
#include <utility>

#include "api/json_text.h"

namespace api {

core::Result<Balance> read_balance(const processors::StateReader& reader, const core::OrgId& org) {
  const core::AggregateKey aggregate = core::aggregate_of(org);
  const auto book = reader.find<core::ledger::Book>(aggregate, {org});
  if (book.has_error()) return book.error();
  Balance balance;
  balance.totals.org = org;
  if (!*book) return balance;  // no transfer yet

  // The two accounts, read one after the other, could be of different moments; the book's last entry holds both.
  const auto entry = reader.find<core::ledger::Entry>(aggregate, {org, (*book)->entries});
  if (entry.has_error()) return entry.error();
  if (!*entry)
    return core::Error{core::ErrorCode::log_corrupt, "the last entry of the ledger of " + org.value() + " is missing"};
  balance.totals = **book;
  balance.available = (*entry)->available_after;
  balance.reserved = (*entry)->reserved_after;
  return balance;
}

std::string funding_preview_json(const Balance& balance, core::Money quote_total) {
  const bool can_fund = quote_total <= balance.available;
  const core::Money shortfall = can_fund ? core::Money{} : quote_total - balance.available;
  JsonText json;
  json.money("available", balance.available).money("reserved", balance.reserved);
  json.money("quote_total", quote_total).money("shortfall", shortfall).boolean("can_fund", can_fund);
  return std::move(json).finish();
}

core::Result<std::string> funding_preview_json(const App& app, const core::OrgId& org, core::Money quote_total) {
  const core::Result<Balance> balance = read_balance(app.reader, org);
  if (balance.has_error()) return balance.error();
  return funding_preview_json(*balance, quote_total);
}

}  // namespace api
