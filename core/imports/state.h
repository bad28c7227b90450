// What customers' work cost and came to before it went through us: counts and sums of batches that they brought along.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/money.h"
#include "core/time.h"

namespace core::imports {

// Of imported rows, in any grouping.
struct Totals {
  std::uint64_t items = 0;
  std::uint64_t succeeded = 0;    // answered by the provider; `invalid` ones among them
  std::uint64_t failed = 0;       // by a fault of the provider, or not in time
  std::uint64_t rejected = 0;     // by the provider, as wrong requests
  std::uint64_t unanswered = 0;   // cancelled, or with no answer among what was brought
  std::uint64_t invalid = 0;      // answered, and cut off, refused, empty or not of the shape asked for
  std::uint64_t unpriced = 0;     // answered by a model that the catalog does not know, or without usage: no money
  std::uint64_t unrouted = 0;     // no lane of ours could have answered: optimized is what was paid
  std::int64_t input_tokens = 0;  // cached ones among them
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  Money paid;       // at the vendor's batch list prices
  Money list;       // at the vendor's synchronous list prices
  Money optimized;  // on the route that we would have chosen

  friend bool operator==(const Totals&, const Totals&) = default;
};

// nullopt when a sum does not fit.
std::optional<Totals> checked_add(const Totals& a, const Totals& b);

// One model and operation on one day (UTC).
struct DayTotals {
  Timestamp day;
  ModelSlug model;  // as in the catalog, or as the vendor named it
  Operation operation = Operation::responses;
  Totals totals;
};
constexpr std::size_t import_days_max = 5'000;  // of one import

// What a provider said of requests that did not succeed.
struct FailureCode {
  std::string code;
  std::uint64_t items = 0;

  friend bool operator==(const FailureCode&, const FailureCode&) = default;
};
constexpr std::size_t failure_codes_max = 50;

struct Import {
  using Key = std::tuple<OrgId, ImportId>;
  Key key() const { return {org, id}; }

  OrgId org;
  ImportId id;
  std::string provider;  // openai or anthropic
  Digest content;        // of what was sent
  Digest manifest;       // blob: the rows as items of ours; empty: no row had its request
  std::uint32_t manifest_items = 0;
  std::uint64_t fault_count = 0;
  Digest faults;  // blob: the first of them, as JSON; empty: there are none
  std::vector<FailureCode> failure_codes;
  std::string catalog_version;  // whose prices were counted with
  Totals totals;
  Timestamp first_day;
  Timestamp last_day;
  Timestamp created_at;
};

// The same content again is the same import, and so is what comes with the same Idempotency-Key.
struct ImportContent {
  using Key = std::tuple<OrgId, Digest>;
  Key key() const { return {org, content}; }

  OrgId org;
  Digest content;  // or the digest of the key
  ImportId import;
};

// All imports of an org together.
struct ImportDay {
  using Key = std::tuple<OrgId, std::string, Timestamp, ModelSlug, std::string>;
  Key key() const { return {org, provider, day, model, std::string(to_string(operation))}; }

  OrgId org;
  std::string provider;
  Timestamp day;
  ModelSlug model;
  Operation operation = Operation::responses;
  Totals totals;
};

}  // namespace core::imports
