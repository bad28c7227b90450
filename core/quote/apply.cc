#include "core/mutant.h"
#include "core/quote/rules.h"

namespace core::quote {

namespace {

Result<Quote> find_locked(const State& state, const OrgId& org, const QuoteId& id) {
  const Quote* quote = state.find<Quote>({org, id});
  if (quote == nullptr || quote->phase != Phase::locked)
    return Error{ErrorCode::malformed_event, "a quote that is not locked was used or expired"};
  return *quote;
}

}  // namespace

Result<void> apply_one(State& state, Timestamp time, const QuoteLocked& event) {
  Quote quote;
  quote.org = event.org;
  quote.id = event.quote;
  quote.basis = event.basis;
  quote.terms = event.terms;
  quote.plan = event.plan;
  quote.estimate = event.estimate;
  quote.rejected = event.rejected;
  quote.catalog_version = event.catalog_version;
  quote.webhook = event.webhook;
  quote.locked_at = time;
  quote.expires_at = event.expires_at;
  quote.workflow = event.workflow;
  state.put(std::move(quote));
  state.put(Timer{event.expires_at, "quote/" + event.quote.value(), aggregate_of(event.org),
                  ExpireQuote{event.org, event.quote}});
  return {};
}

Result<void> apply_one(State& state, Timestamp, const QuoteConsumed& event) {
  Result<Quote> quote = find_locked(state, event.org, event.quote);
  if (quote.has_error()) return quote.error();
  if (!MUTANT(8)) quote->phase = Phase::consumed;
  quote->batch = event.batch;
  state.put(std::move(*quote));
  return {};
}

Result<void> apply_one(State& state, Timestamp, const QuoteExpired& event) {
  Result<Quote> quote = find_locked(state, event.org, event.quote);
  if (quote.has_error()) return quote.error();
  quote->phase = Phase::expired;
  state.put(std::move(*quote));
  return {};
}

}  // namespace core::quote
