#pragma once

#include "core/decide.h"

namespace core::quote {

Result<Decision> decide_one(const State& state, const Context& context, const LockQuote& command);
Result<Decision> decide_one(const State& state, const Context& context, const ExpireQuote& command);

Result<void> apply_one(State& state, Timestamp time, const QuoteLocked& event);
Result<void> apply_one(State& state, Timestamp time, const QuoteConsumed& event);
Result<void> apply_one(State& state, Timestamp time, const QuoteExpired& event);

// The quote, if a batch may be made of it now. Errors: quote_not_found, quote_consumed, quote_expired.
Result<const Quote*> find_open(const State& state, Timestamp now, const OrgId& org, const QuoteId& quote);

}  // namespace core::quote
