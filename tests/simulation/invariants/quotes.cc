// Quotes: 6 (immutable), 7 (binding), 8 (single use), 9 (accepted as a whole), 20 (one key, one batch).
#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/oracle.h"

namespace simulation {

namespace {

// Of what a customer was promised: each item, each price, each route.
bool same_plan(const core::quote::Plan& a, const core::quote::Plan& b) {
  const auto same_route = [](const core::quote::Route& one, const core::quote::Route& other) {
    return one.provider == other.provider && one.model == other.model && one.mode == other.mode &&
           one.prices == other.prices && one.item_count == other.item_count && one.total == other.total &&
           one.lanes == other.lanes;
  };
  return a.blob == b.blob && a.content == b.content && a.item_count == b.item_count && a.unit_count == b.unit_count &&
         a.total == b.total &&
         std::equal(a.routes.begin(), a.routes.end(), b.routes.begin(), b.routes.end(), same_route);
}

void check_accepted(Oracle& oracle, const Model& model, const Seen& seen, const core::batch::BatchAccepted& event) {
  const std::string id = event.batch.value();
  const auto quote = model.quotes.find(event.quote);
  if (quote == model.quotes.end() || quote->second.org != event.org)
    return oracle.fail(7, id + " is accepted with a quote of nobody or of another");
  const core::quote::QuoteLocked& locked = quote->second.locked;
  if (seen.time >= locked.expires_at) return oracle.fail(7, id + " is accepted with a quote that has expired");
  if (!same_plan(event.plan, locked.plan)) return oracle.fail(6, id + " has another plan than its quote");
  if (event.terms != locked.terms) return oracle.fail(7, id + " has other terms than its quote");
  if (!event.idempotency) return;
  const auto first = model.keys.find({event.org, event.idempotency->key});
  if (first != model.keys.end()) oracle.fail(20, id + " is made under the key that has made " + first->second.value());
}

}  // namespace

void check_quotes(Oracle& oracle, const Model& model, const Seen& seen) {
  if (const auto* accepted = std::get_if<core::batch::BatchAccepted>(&seen.event))
    return check_accepted(oracle, model, seen, *accepted);
  if (const auto* locked = std::get_if<core::quote::QuoteLocked>(&seen.event)) {
    if (model.quotes.contains(locked->quote)) oracle.fail(6, locked->quote.value() + " is locked anew");
    return;
  }
  const auto* consumed = std::get_if<core::quote::QuoteConsumed>(&seen.event);
  const auto* expired = std::get_if<core::quote::QuoteExpired>(&seen.event);
  if (consumed == nullptr && expired == nullptr) return;
  const core::QuoteId& id = consumed != nullptr ? consumed->quote : expired->quote;
  const auto quote = model.quotes.find(id);
  if (quote == model.quotes.end()) return oracle.fail(7, id.value() + " was never locked");
  if (quote->second.phase == core::quote::Phase::consumed)
    return oracle.fail(8, id.value() + " was used by " + quote->second.batch.value() + " before");
  if (quote->second.phase == core::quote::Phase::expired) return oracle.fail(7, id.value() + " had expired before");
}

void check_group(Oracle& oracle, const Model&, Group group) {
  for (const schemas::RecordedEvent& each : group) {
    const auto* accepted = std::get_if<core::batch::BatchAccepted>(&each.event);
    const auto* consumed = std::get_if<core::quote::QuoteConsumed>(&each.event);
    if (accepted == nullptr && consumed == nullptr) continue;
    const core::BatchId batch = accepted != nullptr ? accepted->batch : consumed->batch;
    const core::QuoteId quote = accepted != nullptr ? accepted->quote : consumed->quote;
    int parts = 0;
    core::Money reserved, total;
    for (const schemas::RecordedEvent& other : group) {
      if (const auto* one = std::get_if<core::batch::BatchAccepted>(&other.event); one && one->batch == batch) {
        parts += one->quote == quote ? 1 : 0;
        total = one->plan.total;
      }
      if (const auto* one = std::get_if<core::quote::QuoteConsumed>(&other.event); one && one->batch == batch)
        parts += one->quote == quote ? 1 : 0;
      if (const auto* one = std::get_if<core::ledger::TransferPosted>(&other.event);
          one && one->batch == batch && one->kind == core::ledger::TransferKind::reserve)
        reserved = reserved + one->amount;
    }
    if (parts != 2) return oracle.fail(9, batch.value() + " and its quote are not taken together");
    if (reserved != total)
      return oracle.fail(9, batch.value() + " is accepted with " + core::to_decimal(reserved) + " reserved of " +
                                core::to_decimal(total));
  }
}

}  // namespace simulation
