#include "processors/projector/public_events.h"

#include <string>
#include <utility>

#include "core/command.h"
#include "core/overloaded.h"
#include "schemas/public_records.h"
#include "schemas/rfc3339.h"

namespace processors {

namespace {

using Records = core::Result<std::vector<PublicRecord>>;

const std::string currency = "usd";

// A CloudEvent in binary mode. Its id comes from the journal, so that whoever reads twice can tell.
template <class Record>
PublicRecord cloud_event(const EventPlace& place, std::string key, const std::string& subject, std::string_view leg,
                         const Record& content) {
  PublicRecord record;
  record.topic = schemas::public_topic<Record>();
  record.key = std::move(key);
  const std::string type = schemas::public_type<Record>();
  const std::string partition = std::to_string(place.partition.value());
  record.headers = {
      {"ce_specversion", "1.0"},
      {"ce_id",
       partition + "." + std::to_string(place.offset.value()) + "." + std::to_string(place.index) + std::string(leg)},
      {"ce_source", "/batchrouter/partitions/" + partition + "/" + record.topic},
      {"ce_type", type},
      {"ce_subject", subject},
      {"ce_time", schemas::to_rfc3339(place.time)},
      {"ce_dataschema", "urn:" + type},
      {"content-type", "application/json"},
  };
  record.value = schemas::encode_public(content);
  return record;
}

template <class Record>
void stamp(Record& record, const EventPlace& place) {
  record.currency = currency;
  record.partition = place.partition;
  record.offset = place.offset;
  record.index = place.index;
}

template <class Record>
void add_progress(Record& record, const core::batch::Progress& progress) {
  record.succeeded = progress.tally.succeeded;
  record.failed = progress.tally.failed;
  record.exhausted = progress.tally.exhausted;
  record.cancelled = progress.tally.cancelled;
  record.expired = progress.tally.expired;
  record.input_tokens = progress.input_tokens;
  record.output_tokens = progress.output_tokens;
  record.charged = progress.charged;
  record.provider_cost = progress.provider_cost;
}

std::optional<core::BatchId> unless_empty(const core::BatchId& batch) {
  return batch.value().empty() ? std::nullopt : std::optional(batch);
}

// --- ledger ---------------------------------------------------------------------------------------------------------

schemas::PublicPosting posting(const EventPlace& place, const core::ledger::TransferPosted& event,
                               const core::AccountId& account, core::Money amount, const std::string& leg) {
  schemas::PublicPosting posting;
  posting.posting = event.transfer.value() + "/" + leg;
  posting.transfer = event.transfer;
  posting.kind = event.kind;
  posting.org = event.org;
  posting.account = account;
  posting.amount = amount;
  posting.batch = unless_empty(event.batch);
  posting.time = place.time;
  stamp(posting, place);
  return posting;
}

Records project(const EventPlace& place, const core::ledger::TransferPosted& event, const FindUnit&) {
  const auto [debit, credit] = public_postings(place, event);
  const std::string key = core::aggregate_of(event.org).value();
  return std::vector<PublicRecord>{cloud_event(place, key, debit.account.value(), ".debit", debit),
                                   cloud_event(place, key, credit.account.value(), ".credit", credit)};
}

// --- quotes ---------------------------------------------------------------------------------------------------------

template <class Event>
schemas::PublicQuote quote_of(const EventPlace& place, const Event& event, core::quote::Phase status) {
  schemas::PublicQuote quote;
  quote.quote = event.quote;
  quote.org = event.org;
  quote.status = status;
  quote.time = place.time;
  stamp(quote, place);
  return quote;
}

template <class Event>
Records project_quote(const EventPlace& place, const Event& event) {
  const schemas::PublicQuote quote = public_quote(place, event);
  return std::vector<PublicRecord>{
      cloud_event(place, core::aggregate_of(quote.org).value(), quote.quote.value(), "", quote)};
}

Records project(const EventPlace& place, const core::quote::QuoteLocked& event, const FindUnit&) {
  return project_quote(place, event);
}

Records project(const EventPlace& place, const core::quote::QuoteConsumed& event, const FindUnit&) {
  return project_quote(place, event);
}

Records project(const EventPlace& place, const core::quote::QuoteExpired& event, const FindUnit&) {
  return project_quote(place, event);
}

// --- dispatch -------------------------------------------------------------------------------------------------------

template <class Event>
core::Result<schemas::PublicDispatch> dispatch_of(const EventPlace& place, const Event& event,
                                                  schemas::PublicDispatchStep step, const FindUnit& find_unit) {
  const core::Result<UnitFacts> facts = find_unit(event.org, event.batch, event.unit);
  if (facts.has_error()) return facts.error();
  schemas::PublicDispatch dispatch;
  dispatch.step = step;
  dispatch.org = event.org;
  dispatch.batch = event.batch;
  dispatch.unit = event.unit;
  if constexpr (requires { event.attempt; })
    dispatch.attempt = event.attempt;
  else
    dispatch.attempt = facts->unit.attempt;  // of a closed unit, so the last
  dispatch.provider = facts->route.provider;
  dispatch.model = facts->route.model;
  dispatch.mode = facts->route.mode;
  for (const core::batch::AttemptRecord& attempt : facts->unit.attempts) {
    if (attempt.number != dispatch.attempt) continue;
    dispatch.provider = attempt.provider;
    dispatch.model = attempt.model;
    dispatch.mode = attempt.mode;
  }
  dispatch.item_count = facts->unit.item_count;
  const bool newest = dispatch.attempt == facts->unit.attempt;
  if (step != schemas::PublicDispatchStep::dispatched && newest && facts->unit.dispatched_at)
    dispatch.latency_microseconds = place.time - *facts->unit.dispatched_at;
  dispatch.time = place.time;
  stamp(dispatch, place);
  return dispatch;
}

std::vector<PublicRecord> one_dispatch(const EventPlace& place, const schemas::PublicDispatch& dispatch) {
  return {cloud_event(place, core::aggregate_of(dispatch.org).value(), dispatch.batch.value(), "", dispatch)};
}

Records project(const EventPlace& place, const core::batch::UnitDispatched& event, const FindUnit& find_unit) {
  core::Result<schemas::PublicDispatch> dispatch =
      dispatch_of(place, event, schemas::PublicDispatchStep::dispatched, find_unit);
  if (dispatch.has_error()) return dispatch.error();
  dispatch->provider = event.provider;
  dispatch->model = event.model;
  dispatch->mode = event.mode;
  return one_dispatch(place, *dispatch);
}

Records project(const EventPlace& place, const core::batch::HandleRecorded& event, const FindUnit& find_unit) {
  core::Result<schemas::PublicDispatch> dispatch =
      dispatch_of(place, event, schemas::PublicDispatchStep::handle_recorded, find_unit);
  if (dispatch.has_error()) return dispatch.error();
  dispatch->handle = event.handle;
  return one_dispatch(place, *dispatch);
}

Records project(const EventPlace& place, const core::batch::AttemptEnded& event, const FindUnit& find_unit) {
  core::Result<schemas::PublicDispatch> dispatch =
      dispatch_of(place, event, schemas::PublicDispatchStep::attempt_ended, find_unit);
  if (dispatch.has_error()) return dispatch.error();
  dispatch->reason = event.reason;
  add_progress(*dispatch, event.progress);
  return one_dispatch(place, *dispatch);
}

Records project(const EventPlace& place, const core::batch::UnitClosed& event, const FindUnit& find_unit) {
  core::Result<schemas::PublicDispatch> dispatch =
      dispatch_of(place, event, schemas::PublicDispatchStep::unit_closed, find_unit);
  if (dispatch.has_error()) return dispatch.error();
  add_progress(*dispatch, event.progress);
  return one_dispatch(place, *dispatch);
}

}  // namespace

std::array<schemas::PublicPosting, 2> public_postings(const EventPlace& place,
                                                      const core::ledger::TransferPosted& event) {
  return {posting(place, event, event.debit, core::Money{} - event.amount, "debit"),
          posting(place, event, event.credit, event.amount, "credit")};
}

schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteLocked& event) {
  schemas::PublicQuote quote = quote_of(place, event, core::quote::Phase::locked);
  quote.basis = event.basis;
  quote.item_count = event.plan.item_count;
  if (event.basis == core::quote::Basis::estimate) {
    quote.item_count = event.estimate.items_max;
    quote.item_ceiling = event.estimate.item_ceiling;
  }
  quote.total = event.plan.total;
  quote.sla_tier = event.terms.sla_tier;
  quote.routing_mode = event.terms.routing_mode;
  quote.privacy_tier = event.terms.privacy_tier;
  quote.catalog_version = event.catalog_version;
  for (const core::quote::Route& route : event.plan.routes) {
    if (!quote.routes) quote.routes.emplace();
    quote.routes->push_back({route.provider, route.model, route.mode, route.item_count, route.total});
  }
  quote.expires_at = event.expires_at;
  return quote;
}

schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteConsumed& event) {
  schemas::PublicQuote quote = quote_of(place, event, core::quote::Phase::consumed);
  quote.batch = event.batch;
  return quote;
}

schemas::PublicQuote public_quote(const EventPlace& place, const core::quote::QuoteExpired& event) {
  return quote_of(place, event, core::quote::Phase::expired);
}

// Each event is named, so that a new one does not compile until someone has thought about it.
Records public_records(const EventPlace& place, const core::Event& event, const FindUnit& find_unit) {
  const auto visible = [&](const auto& one) { return project(place, one, find_unit); };
  const auto nothing = [](const auto&) { return Records(std::vector<PublicRecord>{}); };
  return std::visit(core::Overloaded{
                        [&](const core::ledger::TransferPosted& one) { return visible(one); },
                        [&](const core::quote::QuoteLocked& one) { return visible(one); },
                        [&](const core::quote::QuoteConsumed& one) { return visible(one); },
                        [&](const core::quote::QuoteExpired& one) { return visible(one); },
                        [&](const core::batch::UnitDispatched& one) { return visible(one); },
                        [&](const core::batch::HandleRecorded& one) { return visible(one); },
                        [&](const core::batch::AttemptEnded& one) { return visible(one); },
                        [&](const core::batch::UnitClosed& one) { return visible(one); },
                        [&](const core::PartitionOpened& one) { return nothing(one); },
                        [&](const core::EffectCompleted& one) { return nothing(one); },
                        [&](const core::TimerFired& one) { return nothing(one); },
                        [&](const core::BusCommandTaken& one) { return nothing(one); },
                        [&](const core::identity::EmailClaimed& one) { return nothing(one); },
                        [&](const core::identity::OrgCreated& one) { return nothing(one); },
                        [&](const core::identity::VerificationRequested& one) { return nothing(one); },
                        [&](const core::identity::EmailVerified& one) { return nothing(one); },
                        [&](const core::identity::SessionOpened& one) { return nothing(one); },
                        [&](const core::identity::SessionClosed& one) { return nothing(one); },
                        [&](const core::identity::ApiKeyCreated& one) { return nothing(one); },
                        [&](const core::identity::ApiKeyRevoked& one) { return nothing(one); },
                        [&](const core::batch::BatchAccepted& one) { return nothing(one); },
                        [&](const core::batch::BatchQueued& one) { return nothing(one); },
                        [&](const core::batch::UnitsPlanned& one) { return nothing(one); },
                        [&](const core::batch::UnitProgressed& one) { return nothing(one); },
                        [&](const core::batch::FeedbackRecorded& one) { return nothing(one); },
                        [&](const core::batch::StopRequested& one) { return nothing(one); },
                        [&](const core::batch::BatchEnded& one) { return nothing(one); },
                        [&](const core::webhook::DeliveryScheduled& one) { return nothing(one); },
                        [&](const core::webhook::DeliverySucceeded& one) { return nothing(one); },
                        [&](const core::webhook::DeliveryFailed& one) { return nothing(one); },
                        [&](const core::webhook::DeliveryRetried& one) { return nothing(one); },
                        [&](const core::webhook::DeliveryExhausted& one) { return nothing(one); },
                        [&](const core::webhook::DeliveryReplayed& one) { return nothing(one); },
                        [&](const core::identity::OrgErased& one) { return nothing(one); },
                        [&](const core::parking::CommandParked& one) { return nothing(one); },
                        [&](const core::parking::ParkedRetried& one) { return nothing(one); },
                        [&](const core::parking::ParkedDropped& one) { return nothing(one); },
                        [&](const core::identity::SignUpReminded& one) { return nothing(one); },
                        [&](const core::identity::PasswordResetRequested& one) { return nothing(one); },
                        [&](const core::identity::PasswordChanged& one) { return nothing(one); },
                        [&](const core::billing::CheckoutOpened& one) { return nothing(one); },
                        [&](const core::billing::CheckoutPageRecorded& one) { return nothing(one); },
                        [&](const core::billing::CheckoutPaid& one) { return nothing(one); },
                        [&](const core::billing::CheckoutClosed& one) { return nothing(one); },
                        [&](const core::billing::CheckoutRefunded& one) { return nothing(one); },
                        [&](const core::billing::DisputeMoved& one) { return nothing(one); },
                        [&](const core::billing::ProfileSet& one) { return nothing(one); },
                        [&](const core::imports::ImportRecorded& one) { return nothing(one); },
                        [&](const core::job_queue::JobEnqueued& one) { return nothing(one); },
                        [&](const core::job_queue::JobCancelled& one) { return nothing(one); },
                        [&](const core::job_queue::JobsFlushed& one) { return nothing(one); },
                        [&](const core::job_queue::JobsReady& one) { return nothing(one); },
                        [&](const core::job_queue::JobsClosed& one) { return nothing(one); },
                    },
                    event);
}

// --- batches --------------------------------------------------------------------------------------------------------

namespace {

template <class Event>
constexpr bool changes_batch =
    std::is_same_v<Event, core::batch::BatchAccepted> || std::is_same_v<Event, core::batch::BatchQueued> ||
    std::is_same_v<Event, core::batch::UnitsPlanned> || std::is_same_v<Event, core::batch::UnitDispatched> ||
    std::is_same_v<Event, core::batch::UnitProgressed> || std::is_same_v<Event, core::batch::AttemptEnded> ||
    std::is_same_v<Event, core::batch::UnitClosed> || std::is_same_v<Event, core::batch::StopRequested> ||
    std::is_same_v<Event, core::batch::BatchEnded>;

}  // namespace

std::optional<TouchedBatch> touched_batch(const core::Event& event) {
  return std::visit(
      []<class T>(const T& one) -> std::optional<TouchedBatch> {
        if constexpr (changes_batch<T>)
          return TouchedBatch{one.org, one.batch};
        else
          return std::nullopt;
      },
      event);
}

PublicRecord public_record(const EventPlace& place, const core::batch::Batch& batch) {
  core::batch::Progress progress = batch.closed;
  progress += batch.open;
  schemas::PublicBatch record;
  record.batch = batch.id;
  record.org = batch.org;
  record.quote = batch.quote;
  record.status = batch.phase;
  record.stop = batch.stop;
  record.item_count = batch.plan.item_count;
  add_progress(record, progress);
  record.remaining = batch.plan.item_count - progress.tally.total();
  record.unit_count = batch.plan.unit_count;
  record.units_closed = batch.units_closed;
  record.quoted = batch.plan.total;
  if (core::batch::terminal(batch.phase)) {
    record.captured = batch.closed.charged;
    record.released = batch.plan.total - batch.closed.charged;
  }
  record.sla_tier = batch.terms.sla_tier;
  record.routing_mode = batch.terms.routing_mode;
  record.privacy_tier = batch.terms.privacy_tier;
  record.retry_of = batch.retry_of;
  record.created_at = batch.created_at;
  record.deadline = batch.deadline;
  record.dispatched_at = batch.dispatched_at;
  record.stop_requested_at = batch.stop_requested_at;
  record.ended_at = batch.ended_at;
  stamp(record, place);
  return cloud_event(place, batch.id.value(), batch.id.value(), "", record);
}

}  // namespace processors
