#include "core/identity/rules.h"
#include "core/mutant.h"
#include "core/quote/rules.h"

namespace core::quote {

Terms terms_of(const ManifestHeader& header) {
  return {header.sla_tier, header.routing_mode, header.privacy_tier, header.allowed_regions,
          header.priority, header.dedupe,       header.run_after,    header.deadline};
}

Result<const Quote*> find_open(const State& state, Timestamp now, const OrgId& org, const QuoteId& id) {
  const Quote* quote = state.find<Quote>({org, id});
  if (quote == nullptr)
    return Error{ErrorCode::quote_not_found, "there is no such quote; make one with POST /v1/quotes/model", "quote_id"};
  switch (quote->phase) {
    case Phase::locked: break;
    case Phase::consumed:
      return Error{ErrorCode::quote_consumed,
                   "this quote was used by batch " + quote->batch->value() + "; make a new quote for another batch",
                   "quote_id"};
    case Phase::expired: return Error{ErrorCode::quote_expired, "this quote has expired; make a new one", "quote_id"};
  }
  if (quote->expires_at <= now && !MUTANT(7))
    return Error{ErrorCode::quote_expired, "this quote has expired; make a new one", "quote_id"};
  return quote;
}

Result<Decision> decide_one(const State& state, const Context& context, const LockQuote& command) {
  if (state.find<Quote>({command.org, command.quote}) != nullptr) return Decision{{}, command.quote.value(), true};
  if (identity::erased(state, command.org)) return identity::no_such_org();
  return Decision{{QuoteLocked{command.org, command.quote, command.basis, command.terms, command.plan, command.estimate,
                               command.rejected, command.catalog_version, command.webhook,
                               context.now + context.policy.quote_window, command.workflow}},
                  command.quote.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const ExpireQuote& command) {
  const Quote* quote = state.find<Quote>({command.org, command.quote});
  if (quote == nullptr || quote->phase != Phase::locked || MUTANT(7)) return Decision{{}, command.quote.value(), true};
  return Decision{{QuoteExpired{command.org, command.quote}}, command.quote.value()};
}

}  // namespace core::quote
