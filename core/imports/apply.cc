#include <algorithm>

#include "core/imports/rules.h"

namespace core::imports {

std::optional<Totals> checked_add(const Totals& a, const Totals& b) {
  Totals sum = a;
  sum.items += b.items;
  sum.succeeded += b.succeeded;
  sum.failed += b.failed;
  sum.rejected += b.rejected;
  sum.unanswered += b.unanswered;
  sum.invalid += b.invalid;
  sum.unpriced += b.unpriced;
  sum.unrouted += b.unrouted;
  const std::optional<Money> paid = checked_add(a.paid, b.paid);
  const std::optional<Money> list = checked_add(a.list, b.list);
  const std::optional<Money> optimized = checked_add(a.optimized, b.optimized);
  if (!paid || !list || !optimized || __builtin_add_overflow(a.input_tokens, b.input_tokens, &sum.input_tokens) ||
      __builtin_add_overflow(a.cached_tokens, b.cached_tokens, &sum.cached_tokens) ||
      __builtin_add_overflow(a.output_tokens, b.output_tokens, &sum.output_tokens))
    return std::nullopt;
  sum.paid = *paid;
  sum.list = *list;
  sum.optimized = *optimized;
  return sum;
}

namespace {

Error impossible(const std::string& what) {
  return {ErrorCode::malformed_event, what};
}

// An event without days gives an import that is known another key.
Result<void> apply_key(State& state, const ImportRecorded& event) {
  const Import* import = state.find<Import>({event.org, event.import});
  if (import == nullptr || import->content != event.content || event.idempotency.value().empty())
    return impossible("a key of an import that is not known, or an import of nothing");
  state.put(ImportContent{event.org, event.idempotency, event.import});
  return {};
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const ImportRecorded& event) {
  if (event.days.empty()) return apply_key(state, event);
  if (state.find<Import>({event.org, event.import}) != nullptr) return impossible("an import recorded twice");
  Import import;
  import.org = event.org;
  import.id = event.import;
  import.provider = event.provider;
  import.content = event.content;
  import.manifest = event.manifest;
  import.manifest_items = event.manifest_items;
  import.fault_count = event.fault_count;
  import.faults = event.faults;
  import.failure_codes = event.failure_codes;
  import.catalog_version = event.catalog_version;
  import.first_day = event.days.front().day;
  import.last_day = event.days.front().day;
  import.created_at = time;
  for (const DayTotals& day : event.days) {
    const std::optional<Totals> all = checked_add(import.totals, day.totals);
    import.first_day = std::min(import.first_day, day.day);
    import.last_day = std::max(import.last_day, day.day);
    ImportDay sum{event.org, event.provider, day.day, day.model, day.operation, {}};
    if (const ImportDay* known = state.find<ImportDay>(sum.key())) sum = *known;
    const std::optional<Totals> totals = checked_add(sum.totals, day.totals);
    if (!all || !totals) return impossible("an import that does not fit");
    import.totals = *all;
    sum.totals = *totals;
    state.put(std::move(sum));
  }
  state.put(ImportContent{event.org, event.content, event.import});
  if (!event.idempotency.value().empty()) state.put(ImportContent{event.org, event.idempotency, event.import});
  state.put(std::move(import));
  return {};
}

}  // namespace core::imports
