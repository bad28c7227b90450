#pragma once

#include "core/batch/state.h"

namespace core::batch {

struct Idempotency {
  Digest key;
  Digest fingerprint;
};

struct SubmitBatch {
  OrgId org;
  BatchId batch;
  QuoteId quote;
  std::optional<Digest> content;      // of a manifest sent again; absent: the quote's own
  std::optional<quote::Plan> plan;    // for a quote by estimate: the manifest's own
  std::optional<quote::Terms> terms;  // with `plan`
  std::optional<Sealed> webhook;      // instead of the quote's
  std::optional<Idempotency> idempotency;
  std::optional<BatchId> retry_of;
};

struct PlannedUnit {
  Digest blob;
  std::uint32_t route = 0;
  std::uint32_t item_count = 0;
  Money quoted;
};

constexpr std::size_t units_per_plan_command_max = 500;

// The next units of a batch, in order. The first is number `first`; what is planned already is left out.
struct PlanUnits {
  OrgId org;
  BatchId batch;
  std::uint32_t first = 0;
  std::vector<PlannedUnit> units;
};

// By timer: a batch with run_after may begin.
struct ReleaseBatch {
  OrgId org;
  BatchId batch;
};

// What follows is reported by a unit's run. `epoch` is that of the partition's owner for whom it runs: the results are
// kept under it, and a run for an earlier owner is stale.

// A runner is about to call a lane: the intent must be durable first.
struct DispatchUnit {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;  // one above the newest
  std::optional<Epoch> epoch = {};
  std::uint32_t lane = 0;  // index into the lanes of its route
  std::vector<PassedLane> passed = {};
};

// The provider's own batch for this attempt exists.
struct RecordHandle {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  std::string handle;
  std::optional<Epoch> epoch = {};
};

// What is synced of the unit's results so far.
struct ReportProgress {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  Progress progress;
  std::optional<Epoch> epoch = {};
};

// The attempt is over and items without an answer remain.
struct EndAttempt {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  std::string reason;  // stable word
  Progress progress;
  std::optional<Epoch> epoch = {};
  AttemptOutcomes outcomes = {};
  bool excused = false;  // by trouble of the lane, for which no item is to blame
};

// Each item of the unit has its row.
struct CloseUnit {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  Progress progress;
  std::optional<Epoch> epoch = {};
  LaneShares shares = {};         // of all attempts
  AttemptOutcomes outcomes = {};  // of the last attempt; all zero when that has ended before
};

// A customer's judgement of a batch's results.
struct RecordFeedback {
  OrgId org;
  BatchId batch;
  std::uint32_t quality_permille = 0;  // 0 to 1,000
  std::string outcome;                 // accepted, accepted_with_edits or rejected; empty: not said
  std::optional<Sealed> note;
};

struct CancelBatch {
  OrgId org;
  BatchId batch;
};

// By timer at the deadline.
struct ExpireBatch {
  OrgId org;
  BatchId batch;
};

}  // namespace core::batch
