#pragma once

#include "core/batch/commands.h"
#include "core/batch/state.h"

namespace core::batch {

struct BatchAccepted final {
  OrgId org;
  BatchId batch;
  QuoteId quote;
  quote::Terms terms;
  quote::Plan plan;
  std::optional<Sealed> webhook;
  std::optional<Idempotency> idempotency;
  std::optional<BatchId> retry_of;
  Timestamp deadline;
  std::string workflow = {};
};

struct BatchQueued final {
  OrgId org;
  BatchId batch;
};

struct UnitsPlanned final {
  OrgId org;
  BatchId batch;
  std::uint32_t first = 0;
  std::vector<PlannedUnit> units;
};

// `epoch`, in what follows: of the owner whose run the event is of, and under which the unit's results are kept.

// The intent to call a lane, durable before the call.
struct UnitDispatched final {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  ProviderId provider;
  ModelSlug model;
  Mode mode = Mode::sync;
  std::optional<Epoch> epoch = {};
  std::vector<PassedLane> passed = {};
};

struct HandleRecorded final {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  std::string handle;
};

struct UnitProgressed final {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  Progress progress;
  std::optional<Epoch> epoch = {};
};

struct AttemptEnded final {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  AttemptNumber attempt;
  std::string reason;
  Progress progress;
  std::optional<Epoch> epoch = {};
  AttemptOutcomes outcomes = {};
  bool excused = false;
};

struct UnitClosed final {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
  Progress progress;
  std::optional<Epoch> epoch = {};
  LaneShares shares = {};
  AttemptOutcomes outcomes = {};
};

struct FeedbackRecorded final {
  OrgId org;
  BatchId batch;
  std::uint32_t quality_permille = 0;
  std::string outcome;
  std::optional<Sealed> note;
};

struct StopRequested final {
  OrgId org;
  BatchId batch;
  StopReason reason = StopReason::none;
};

struct BatchEnded final {
  OrgId org;
  BatchId batch;
  Phase phase = Phase::completed;
  Tally tally;
  Money captured;
  Money released;
};

}  // namespace core::batch
