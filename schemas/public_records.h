// What the public topics hold: one flat JSON object a record. schemas/public/README.md explains each to its readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch/state.h"
#include "core/catalog.h"
#include "core/ids.h"
#include "core/ledger/events.h"
#include "core/quote/state.h"
#include "core/time.h"

namespace schemas {

// One leg of a transfer; each transfer has two, and their amounts come to zero.
struct PublicPosting {
  std::string posting;  // transfer + "/debit" or "/credit"
  core::TransferId transfer;
  core::ledger::TransferKind kind = core::ledger::TransferKind::grant;
  core::OrgId org;
  core::AccountId account;
  core::Money amount;  // what the account gains; below zero when it loses
  std::string currency;
  std::optional<core::BatchId> batch;
  core::Timestamp time;
  // Where the event stands in the journal.
  core::Partition partition;
  core::Offset offset;
  std::uint32_t index = 0;
};

struct PublicRoute {
  core::ProviderId provider;
  core::ModelSlug model;
  core::Mode mode = core::Mode::sync;
  std::uint32_t item_count = 0;
  core::Money total;
};

// A quote when it is locked, and again when it is consumed or expires; then without what was locked.
struct PublicQuote {
  core::QuoteId quote;
  core::OrgId org;
  core::quote::Phase status = core::quote::Phase::locked;
  std::optional<core::quote::Basis> basis;
  std::optional<std::uint32_t> item_count;  // of an estimate: at most
  std::optional<core::Money> total;
  std::optional<core::Money> item_ceiling;  // of an estimate
  std::string currency;
  std::optional<core::SlaTier> sla_tier;
  std::optional<core::RoutingMode> routing_mode;
  std::optional<core::PrivacyTier> privacy_tier;
  std::optional<std::string> catalog_version;
  std::optional<std::vector<PublicRoute>> routes;
  std::optional<core::Timestamp> expires_at;
  std::optional<core::BatchId> batch;  // that consumed it
  core::Timestamp time;
  core::Partition partition;
  core::Offset offset;
  std::uint32_t index = 0;
};

enum class PublicDispatchStep { dispatched, handle_recorded, attempt_ended, unit_closed };

// A step of a work unit's way through a lane.
struct PublicDispatch {
  PublicDispatchStep step = PublicDispatchStep::dispatched;
  core::OrgId org;
  core::BatchId batch;
  core::UnitIndex unit;
  core::AttemptNumber attempt;  // above 1: a retry; 0: closed without any
  core::ProviderId provider;
  core::ModelSlug model;
  core::Mode mode = core::Mode::sync;
  std::uint32_t item_count = 0;
  std::optional<std::string> handle;  // the provider's own name for its batch
  std::optional<std::string> reason;  // why the attempt ended
  // What the unit has come to, over all of its attempts; when an attempt ended or the unit was closed.
  std::optional<std::uint32_t> succeeded;
  std::optional<std::uint32_t> failed;
  std::optional<std::uint32_t> exhausted;
  std::optional<std::uint32_t> cancelled;
  std::optional<std::uint32_t> expired;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<core::Money> charged;
  std::optional<core::Money> provider_cost;
  std::string currency;
  std::optional<core::Duration> latency_microseconds;  // since this attempt was dispatched
  core::Timestamp time;
  core::Partition partition;
  core::Offset offset;
  std::uint32_t index = 0;
};

// The newest state of a batch; it may be newer than the event that had it published.
struct PublicBatch {
  core::BatchId batch;
  core::OrgId org;
  core::QuoteId quote;
  core::batch::Phase status = core::batch::Phase::pending;
  core::batch::StopReason stop = core::batch::StopReason::none;
  std::uint32_t item_count = 0;
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;
  std::uint32_t exhausted = 0;
  std::uint32_t cancelled = 0;
  std::uint32_t expired = 0;
  std::uint32_t remaining = 0;
  std::uint32_t unit_count = 0;
  std::uint32_t units_closed = 0;
  core::Money quoted;
  core::Money charged;        // so far
  core::Money provider_cost;  // so far
  std::optional<core::Money> captured;
  std::optional<core::Money> released;
  std::string currency;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  core::SlaTier sla_tier = core::SlaTier::standard;
  core::RoutingMode routing_mode = core::RoutingMode::cheapest;
  core::PrivacyTier privacy_tier = core::PrivacyTier::standard;
  std::optional<core::BatchId> retry_of;
  core::Timestamp created_at;
  core::Timestamp deadline;
  std::optional<core::Timestamp> dispatched_at;
  std::optional<core::Timestamp> stop_requested_at;
  std::optional<core::Timestamp> ended_at;
  core::Partition partition;
  core::Offset offset;  // of the event that had it published
  std::uint32_t index = 0;
};

// "ledger", "quotes", "dispatch", "batches".
template <class Record>
std::string_view public_topic();

// "batchrouter.public.ledger.v1": the type of the record's CloudEvent; as a URN, its JSON Schema.
template <class Record>
std::string public_type() {
  return std::string("batchrouter.public.").append(public_topic<Record>()).append(".v1");
}

template <class Record>
std::string encode_public(const Record& record);

}  // namespace schemas
