// The contract of each public topic's record. See fields.h.
#pragma once

#include <variant>

#include "schemas/descriptions.h"
#include "schemas/public_records.h"

namespace schemas {

using PublicRecords = std::variant<PublicPosting, PublicQuote, PublicDispatch, PublicBatch>;

SCHEMAS_TYPE(PublicPosting, "ledger");
SCHEMAS_FIELDS(PublicPosting, posting, transfer, kind, org, account, amount, currency, batch, time, partition, offset,
               index);
SCHEMAS_FIELDS(PublicRoute, provider, model, mode, item_count, total);
SCHEMAS_TYPE(PublicQuote, "quotes");
SCHEMAS_FIELDS(PublicQuote, quote, org, status, basis, item_count, total, item_ceiling, currency, sla_tier,
               routing_mode, privacy_tier, catalog_version, routes, expires_at, batch, time, partition, offset, index);
SCHEMAS_ENUM(PublicDispatchStep, dispatched, handle_recorded, attempt_ended, unit_closed);
SCHEMAS_TYPE(PublicDispatch, "dispatch");
SCHEMAS_FIELDS(PublicDispatch, step, org, batch, unit, attempt, provider, model, mode, item_count, handle, reason,
               succeeded, failed, exhausted, cancelled, expired, input_tokens, output_tokens, charged, provider_cost,
               currency, latency_microseconds, time, partition, offset, index);
SCHEMAS_TYPE(PublicBatch, "batches");
SCHEMAS_FIELDS(PublicBatch, batch, org, quote, status, stop, item_count, succeeded, failed, exhausted, cancelled,
               expired, remaining, unit_count, units_closed, quoted, charged, provider_cost, captured, released,
               currency, input_tokens, output_tokens, sla_tier, routing_mode, privacy_tier, retry_of, created_at,
               deadline, dispatched_at, stop_requested_at, ended_at, partition, offset, index);

}  // namespace schemas
