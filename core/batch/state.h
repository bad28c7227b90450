#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/quote/state.h"
#include "core/time.h"

namespace core::batch {

// pending -> queued -> routing -> dispatched -> processing -> completing -> completed | failed
// and from each phase before those two: -> cancelled | expired
enum class Phase {
  pending,
  queued,
  routing,
  dispatched,
  processing,
  completing,
  completed,
  failed,
  cancelled,
  expired
};
std::string_view to_string(Phase phase);
std::optional<Phase> phase_from_string(std::string_view text);
bool terminal(Phase phase);
bool may_follow(Phase from, Phase to);

// Why a batch stops before all of its items were answered.
enum class StopReason { none, cancelled, expired };

// Items by how they ended; each is counted once.
struct Tally {
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;     // at fault themselves
  std::uint32_t exhausted = 0;  // every attempt met trouble that was not theirs
  std::uint32_t cancelled = 0;
  std::uint32_t expired = 0;

  std::uint32_t total() const { return succeeded + failed + exhausted + cancelled + expired; }
  Tally& operator+=(const Tally& other);
  Tally& operator-=(const Tally& other);
  friend bool operator==(const Tally&, const Tally&) = default;
};

// Sizes of a unit's result segments, in bytes. They only grow.
struct Segments {
  std::uint64_t output = 0;
  std::uint64_t error = 0;
  std::uint64_t receipt = 0;
  std::uint64_t review = 0;
  std::uint64_t raw = 0;

  Segments& operator+=(const Segments& other);
  Segments& operator-=(const Segments& other);
  friend bool operator==(const Segments&, const Segments&) = default;
};

// What a unit has come to so far.
struct Progress {
  Tally tally;
  Segments segments;
  Money charged;        // to the customer, at locked prices
  Money provider_cost;  // to us
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;

  Progress& operator+=(const Progress& other);
  Progress& operator-=(const Progress& other);  // of a part of it
  friend bool operator==(const Progress&, const Progress&) = default;
};

// What one lane did for a batch, settled unit by unit.
struct LaneShare {
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  Operation operation = Operation::responses;
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;  // for the items' own faults
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Money charged;
  Money provider_cost;
  std::int64_t cached_tokens = 0;  // of the input tokens

  bool same_lane(const LaneShare& other) const;
  friend bool operator==(const LaneShare&, const LaneShare&) = default;
};
using LaneShares = std::vector<LaneShare>;  // each lane and operation once
// Adds to the share of the same lane and operation, or begins one.
void add_share(LaneShares& shares, const LaneShare& share);

// What the lanes of a unit did. Where nobody said, its route's best lane did everything: so it was before there were
// fallbacks.
LaneShares shares_of(const quote::Route& route, const Progress& unit, const LaneShares& said);

// How the items of one attempt fared, each counted once, the last time that it was asked.
struct AttemptOutcomes {
  std::uint32_t asked = 0;
  std::uint32_t succeeded = 0;
  std::uint32_t item_faults = 0;  // at fault themselves
  std::uint32_t lane_faults = 0;  // the lane's: transient, unknown, refused by our account, or no answer at all
  std::uint32_t invalid = 0;      // answered, and found wanting by verification
  Duration took{};
  friend bool operator==(const AttemptOutcomes&, const AttemptOutcomes&) = default;
};

struct Batch {
  using Key = std::tuple<OrgId, BatchId>;
  Key key() const { return {org, id}; }

  OrgId org;
  BatchId id;
  QuoteId quote;
  Phase phase = Phase::pending;
  StopReason stop = StopReason::none;
  quote::Terms terms;
  quote::Plan plan;
  std::optional<Sealed> webhook;
  std::optional<BatchId> retry_of;
  Timestamp created_at;
  Timestamp deadline;
  std::optional<Timestamp> dispatched_at;
  std::optional<Timestamp> ended_at;
  std::optional<Timestamp> stop_requested_at;
  std::uint32_t units_planned = 0;
  std::uint32_t units_closed = 0;
  Progress closed;            // of the units that are closed
  Progress open;              // last reported by the units that are not
  LaneShares shares;          // of the units that are closed
  std::string workflow;       // slug of the workflow product; empty: none
  std::uint64_t version = 0;  // rises with each change
};

// planned -> dispatched -> (next attempt: dispatched) -> closed
enum class UnitPhase { planned, dispatched, closed };

// A lane that was ranked higher than the one taken, and why it was not.
struct PassedLane {
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  std::string reason;  // stable word
  friend bool operator==(const PassedLane&, const PassedLane&) = default;
};

// One try of a unit on a lane, for the route receipt.
struct AttemptRecord {
  AttemptNumber number;
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  std::vector<PassedLane> passed;
  std::string handle;  // of the provider batch; empty: none
  Timestamp began_at;
  std::optional<Timestamp> ended_at;
  std::string end_reason;  // stable word; empty while it runs
  AttemptOutcomes outcomes;
};
constexpr std::size_t attempts_remembered_max = 20;

// Items that go to one lane together.
struct Unit {
  using Key = std::tuple<OrgId, BatchId, UnitIndex>;
  Key key() const { return {org, batch, index}; }

  OrgId org;
  BatchId batch;
  UnitIndex index;
  UnitPhase phase = UnitPhase::planned;
  Digest blob;
  std::uint32_t route = 0;  // index into the plan's routes
  std::uint32_t item_count = 0;
  Money quoted;
  AttemptNumber attempt;                   // of the newest dispatch; 0 before
  std::string handle;                      // provider batch of this attempt; empty: none
  std::optional<Timestamp> dispatched_at;  // this attempt; absent before the first
  Progress progress;
  std::uint32_t excused = 0;  // attempts that ended by trouble of the lane; they do not count against the items
  std::vector<AttemptRecord> attempts;  // the newest, oldest first
  std::optional<Epoch> epoch;  // of the owner under whom its results are kept; none: kept before there were several
};

// A provider batch that was made for an attempt. Kept, so that none is ever taken for one that nobody knows of.
struct ProviderBatch {
  using Key = std::tuple<std::string>;
  Key key() const { return {handle}; }

  std::string handle;
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
};

// What a customer said of a batch's results; the newest stands.
struct Feedback {
  using Key = std::tuple<OrgId, BatchId>;
  Key key() const { return {org, batch}; }

  OrgId org;
  BatchId batch;
  std::uint32_t quality_permille = 0;
  std::string outcome;
  std::optional<Sealed> note;
  Timestamp recorded_at;
};

// The answer to a submission that carried an Idempotency-Key.
struct Submission {
  using Key = std::tuple<OrgId, Digest>;
  Key key() const { return {org, idempotency_key}; }

  OrgId org;
  Digest idempotency_key;
  Digest fingerprint;  // of the request
  BatchId batch;
};

}  // namespace core::batch
