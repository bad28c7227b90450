#include "api/render_batch.h"

#include "api/json_text.h"
#include "api/render_quote.h"

namespace api {

namespace {

using core::batch::Batch;
using core::batch::Phase;
using core::batch::Tally;

Tally tally_of(const Batch& batch) {
  Tally tally = batch.closed.tally;
  tally += batch.open.tally;
  return tally;
}

void add_counts(JsonText& json, const Batch& batch) {
  const Tally tally = tally_of(batch);
  json.object("request_counts").number("total", batch.plan.item_count).number("completed", tally.succeeded);
  json.number("failed", tally.failed + tally.exhausted).number("cancelled", tally.cancelled);
  json.number("expired", tally.expired).number("remaining", batch.plan.item_count - tally.total()).end_object();
}

void add_money(JsonText& json, const Batch& batch) {
  json.object("pricing_estimate").money("total", batch.plan.total).text("currency", "usd").end_object();
  const bool settled = core::batch::terminal(batch.phase);
  json.object("settlement").text("status", settled ? "settled" : "reserved").money("quoted_total", batch.plan.total);
  json.money("captured_total", settled ? batch.closed.charged : core::Money{});
  json.money("released_total", settled ? batch.plan.total - batch.closed.charged : core::Money{});
  json.end_object();
}

// Before a unit has been settled: the lanes that were planned; from then on those that did the work.
bool add_lanes(JsonText& json, const App& app, const Batch& batch) {
  bool any_simulated = false;
  const auto add = [&](const auto& lane, std::uint32_t item_count) {
    const core::Provider* provider = app.catalog.provider(lane.provider);
    const bool simulated = provider != nullptr && provider->simulated;
    any_simulated = any_simulated || simulated;
    json.element().text("provider", lane.provider.value()).text("model", lane.model.value());
    json.text("mode", core::to_string(lane.mode)).boolean("simulated", simulated);
    json.number("item_count", item_count).end_object();
  };
  json.array("provider_execution_summary");
  for (const core::batch::LaneShare& share : batch.shares) add(share, share.succeeded + share.failed);
  if (batch.shares.empty()) {
    for (const core::quote::Route& route : batch.plan.routes) add(route, route.item_count);
  }
  json.end_array();
  return any_simulated;
}

void add_units(JsonText& json, const Batch& batch, const std::vector<core::batch::Unit>& units) {
  json.number("work_unit_count", batch.plan.unit_count).number("work_units_closed", batch.units_closed);
  json.array("work_units");
  for (const core::batch::Unit& unit : units) {
    const auto add_lane = [&json](const auto& lane) {
      json.text("provider", lane.provider.value()).text("model", lane.model.value());
      json.text("mode", core::to_string(lane.mode));
    };
    json.element().number("index", unit.index.value()).text("status", unit_word(unit.phase));
    if (unit.attempts.empty())
      add_lane(batch.plan.routes[unit.route]);
    else
      add_lane(unit.attempts.back());
    json.number("item_count", unit.item_count);
    json.number("attempts", unit.attempt.value()).number("answered", unit.progress.tally.total()).end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view unit_word(core::batch::UnitPhase phase) {
  switch (phase) {
    case core::batch::UnitPhase::planned: return "planned";
    case core::batch::UnitPhase::dispatched: return "dispatched";
    case core::batch::UnitPhase::closed: return "closed";
  }
  return "";
}

std::string_view state_word(Phase phase) {
  return phase == Phase::cancelled ? "canceled" : core::batch::to_string(phase);
}

Batch as_accepted(Batch batch) {
  const bool waits = batch.terms.run_after && *batch.terms.run_after > batch.created_at;
  batch.phase = waits ? Phase::pending : Phase::queued;
  batch.stop = core::batch::StopReason::none;
  batch.dispatched_at.reset();
  batch.ended_at.reset();
  batch.stop_requested_at.reset();
  batch.units_planned = batch.units_closed = 0;
  batch.closed = batch.open = {};
  batch.shares.clear();
  return batch;
}

std::string render_batch(const App& app, const Batch& batch, const BatchDetails& details) {
  JsonText json;
  json.text("id", batch.id.value()).text("object", "batch");
  json.text("status", core::batch::to_string(batch.phase)).text("state", state_word(batch.phase));
  json.text("quote_id", batch.quote.value()).number("item_count", batch.plan.item_count);
  add_counts(json, batch);
  json.time("created_at", batch.created_at).time("sla_deadline", batch.deadline).time("deadline", batch.deadline);
  json.time_or_null("dispatched_at", batch.dispatched_at);
  json.time_or_null("cancel_requested_at",
                    batch.stop == core::batch::StopReason::cancelled ? batch.stop_requested_at : std::nullopt);
  json.time_or_null("ended_at", batch.ended_at);
  add_terms(json, batch.terms);
  add_money(json, batch);
  const bool any_simulated = add_lanes(json, app, batch);
  json.boolean("simulated", any_simulated);
  add_units(json, batch, details.units);
  json.text("route_receipt_url", "/v1/batches/" + batch.id.value() + "/route-receipt");
  if (!details.route_version.empty()) json.text("route_version", details.route_version);
  json.boolean("webhook_configured", batch.webhook.has_value());
  json.text_or_null("workflow", batch.workflow);
  json.text_or_null("retry_of", batch.retry_of ? batch.retry_of->value() : "");
  json.json("metadata", details.metadata.empty() ? "{}" : details.metadata);
  if (!details.billing_receipt.empty()) json.json("billing_receipt", details.billing_receipt);
  return std::move(json).finish();
}

std::string render_batch_progress(const Batch& batch) {
  const std::uint64_t done = tally_of(batch).total();
  const std::uint64_t total = batch.plan.item_count;
  JsonText json;
  json.text("id", batch.id.value()).text("object", "batch");
  json.text("status", core::batch::to_string(batch.phase)).text("state", state_word(batch.phase));
  json.number("item_count", total);
  add_counts(json, batch);
  json.number("percent", total == 0 ? 100 : done * 100 / total);  // rounded down: 100 is all of them
  json.number("work_unit_count", batch.plan.unit_count).number("work_units_closed", batch.units_closed);
  json.time_or_null("ended_at", batch.ended_at);
  return std::move(json).finish();
}

}  // namespace api
