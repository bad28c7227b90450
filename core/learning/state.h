// What this deployment has seen of its lanes, and what customers thought of it. Integers only, so that every replay
// comes to the same rows; scores are computed from them when they are needed.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "core/catalog.h"
#include "core/ids.h"
#include "core/money.h"
#include "core/time.h"

namespace core::learning {

// One lane on one day (UTC).
struct LaneDay {
  using Key = std::tuple<Timestamp, ProviderId, ModelSlug, std::string, std::string>;
  Key key() const { return {day, provider, model, std::string(to_string(mode)), std::string(to_string(operation))}; }

  Timestamp day;  // its first instant
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Operation operation = Operation::responses;

  // Of attempts that ended, an item counting once in each.
  std::uint64_t succeeded = 0;
  std::uint64_t item_faults = 0;
  std::uint64_t lane_faults = 0;
  std::uint64_t invalid = 0;
  std::uint64_t attempts = 0;
  Duration took{};  // all attempts together

  // Of units that were settled.
  std::uint64_t items_settled = 0;  // that succeeded
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Money charged;
};

// What one lane did for one org on one day (UTC).
struct ServedDay {
  using Key = std::tuple<OrgId, Timestamp, ProviderId, ModelSlug, std::string, std::string>;
  Key key() const {
    return {org, day, provider, model, std::string(to_string(mode)), std::string(to_string(operation))};
  }

  OrgId org;
  Timestamp day;
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Operation operation = Operation::responses;

  // Of attempts that ended, an item counting once in each.
  std::uint64_t asked = 0;
  std::uint64_t invalid = 0;  // answered, and found wanting by verification
  std::uint64_t lane_faults = 0;

  // Of units that were settled.
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t fallbacks = 0;  // of these, by another lane than the one that was quoted
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Money charged;
  Money list;  // the same tokens at the route's synchronous list prices
};

// What was settled for one workflow product on one day (UTC), for all orgs of the partition.
struct WorkflowDay {
  using Key = std::tuple<Timestamp, std::string>;
  Key key() const { return {day, workflow}; }

  Timestamp day;
  std::string workflow;
  std::uint64_t items_settled = 0;  // that succeeded
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Money charged;
};

// How an org judged what a provider's model did for it, over all batches it gave feedback on.
struct Judgement {
  using Key = std::tuple<OrgId, std::string, ProviderId, ModelSlug>;
  Key key() const { return {org, std::string(to_string(operation)), provider, model}; }

  OrgId org;
  Operation operation = Operation::responses;
  ProviderId provider;
  ModelSlug model;
  std::uint64_t items = 0;         // judged
  std::uint64_t permille_sum = 0;  // of their scores
};

}  // namespace core::learning
