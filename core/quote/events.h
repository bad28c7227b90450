#pragma once

#include "core/quote/state.h"

namespace core::quote {

struct QuoteLocked final {
  OrgId org;
  QuoteId quote;
  Basis basis = Basis::manifest;
  Terms terms;
  Plan plan;
  Estimate estimate;
  std::vector<RejectedLane> rejected;
  std::string catalog_version;
  std::optional<Sealed> webhook;
  Timestamp expires_at;
  std::string workflow = {};
};

struct QuoteConsumed final {
  OrgId org;
  QuoteId quote;
  BatchId batch;
};

struct QuoteExpired final {
  OrgId org;
  QuoteId quote;
};

}  // namespace core::quote
