#pragma once

#include "core/quote/state.h"

namespace core::quote {

struct LockQuote {
  OrgId org;
  QuoteId quote;
  Basis basis = Basis::manifest;
  Terms terms;
  Plan plan;
  Estimate estimate;
  std::vector<RejectedLane> rejected;
  std::string catalog_version;
  std::optional<Sealed> webhook;
  std::string workflow = {};  // slug of the workflow product; empty: none
};

// By timer.
struct ExpireQuote {
  OrgId org;
  QuoteId quote;
};

}  // namespace core::quote
