#include "api/route_receipt.h"

#include "api/batch_details.h"
#include "api/http/coroutines.h"
#include "api/json_text.h"
#include "api/render_catalog.h"
#include "api/render_quote.h"

namespace api {

namespace {

using core::batch::AttemptRecord;
using core::batch::Batch;
using core::batch::Unit;

constexpr std::size_t units_read_at_once = 64;

template <class Lane>
JsonText& begin_lane(JsonText& json, const Lane& lane) {
  json.element().text("provider", lane.provider.value()).text("model", lane.model.value());
  return json.text("mode", core::to_string(lane.mode));
}

void add_routes(JsonText& json, const App& app, const Batch& batch) {
  json.array("routes");
  for (const core::quote::Route& route : batch.plan.routes) {
    json.element().text("operation", core::to_string(route.operation)).number("item_count", route.item_count);
    json.money("quoted_total", route.total).score("quality_score", route.quality_score);
    add_trust(json, route.reliability_prior_score, route.observed_confidence_score);
    json.array("lanes");  // best first
    for (const core::quote::RouteLane& lane : core::quote::lanes_of(route)) {
      add_prices(begin_lane(json, lane), lane.prices);
      json.boolean("simulated", simulated(app, lane.provider)).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void add_totals(JsonText& json, const Batch& batch) {
  json.array("totals");
  for (const core::batch::LaneShare& share : batch.shares) {
    begin_lane(json, share).text("operation", core::to_string(share.operation));
    json.number("succeeded", share.succeeded).number("failed", share.failed);
    json.number("input_tokens", share.input_tokens).number("output_tokens", share.output_tokens);
    json.money("charged", share.charged).end_object();
  }
  json.end_array();
}

void add_attempt(JsonText& json, const AttemptRecord& attempt) {
  begin_lane(json, attempt).number("number", attempt.number.value());
  json.array("passed_over");  // lanes ranked higher
  for (const core::batch::PassedLane& passed : attempt.passed)
    begin_lane(json, passed).text("reason", passed.reason).end_object();
  json.end_array().text_or_null("provider_batch", attempt.handle);
  json.time("began_at", attempt.began_at).time_or_null("ended_at", attempt.ended_at);
  json.text_or_null("end_reason", attempt.end_reason);
  if (!attempt.ended_at) {
    json.null("outcomes").end_object();
    return;
  }
  const core::batch::AttemptOutcomes& outcomes = attempt.outcomes;
  json.object("outcomes").number("asked", outcomes.asked).number("succeeded", outcomes.succeeded);
  json.number("item_faults", outcomes.item_faults).number("lane_faults", outcomes.lane_faults);
  json.number("invalid", outcomes.invalid);
  json.number("milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(outcomes.took).count());
  json.end_object().end_object();
}

std::string render_unit(const Unit& unit) {
  JsonText json;
  json.number("index", unit.index.value()).text("status", unit_word(unit.phase)).number("route", unit.route);
  json.number("item_count", unit.item_count).money("quoted_total", unit.quoted);
  // Of a unit with very many attempts the first are not kept.
  json.number("attempts_made", unit.attempt.value()).array("attempts");
  for (const AttemptRecord& attempt : unit.attempts) add_attempt(json, attempt);
  json.end_array();
  return std::move(json).finish();
}

}  // namespace

core::Result<std::string> route_receipt_head(const App& app, const Batch& batch) {
  const auto quote = app.reader.find<core::quote::Quote>(core::aggregate_of(batch.org), {batch.org, batch.quote});
  if (quote.has_error()) return quote.error();
  JsonText json;
  json.text("object", "route_receipt").text("batch_id", batch.id.value()).text("quote_id", batch.quote.value());
  json.text("status", core::batch::to_string(batch.phase));
  json.text_or_null("route_version", *quote ? (*quote)->catalog_version : "");
  json.text("routing_mode", core::to_string(batch.terms.routing_mode));
  json.number("item_count", batch.plan.item_count).number("work_unit_count", batch.plan.unit_count);
  if (batch.terms.dedupe) {
    json.object("dedupe").number("items_asked", batch.plan.item_count - batch.plan.equal_items);
    json.number("items_equal_to_others", batch.plan.equal_items).end_object();
  } else {
    json.null("dedupe");
  }
  add_routes(json, app, batch);
  if (*quote) add_rejected(json, **quote);
  add_totals(json, batch);
  json.array("work_units");
  std::string text = std::move(json).finish();
  text.pop_back();  // the object goes on
  return text;
}

http::awaitable<core::Result<std::string>> RouteReceiptSource::next(std::size_t bytes_max) {
  if (given_ == text_.size() && !whole_) {
    auto work = [this] { return read_units(); };
    const core::Result<void> read = co_await http::run_on(app_.blocking, std::move(work));
    if (read.has_error()) co_return read.error();
  }
  std::string piece = text_.substr(given_, bytes_max);
  given_ += piece.size();
  co_return piece;
}

core::Result<void> RouteReceiptSource::read_units() {
  text_.clear();
  given_ = 0;
  std::size_t count = 0;
  const std::string after = after_;
  const core::Result<void> listed =
      app_.reader.list<Unit>(core::aggregate_of(org_), schemas::row_prefix<Unit>(org_, batch_), after,
                             processors::Order::oldest_first, [&](const Unit& unit) {
                               if (!after_.empty()) text_.push_back(',');
                               text_ += render_unit(unit);
                               after_ = schemas::row_key<Unit>(unit.key());
                               return ++count < units_read_at_once;
                             });
  if (listed.has_error()) return listed;
  whole_ = count < units_read_at_once;
  if (whole_) text_ += "]}";
  return listed;
}

http::awaitable<core::Result<http::Response>> route_receipt(const App& app, core::OrgId org, core::BatchId id) {
  auto work = [&app, &org, &id]() -> core::Result<std::string> {
    const core::Result<Batch> batch = find_batch(app, org, id);
    if (batch.has_error()) return batch.error();
    return route_receipt_head(app, *batch);
  };
  core::Result<std::string> head = co_await http::run_on(app.blocking, std::move(work));
  if (head.has_error()) co_return head.error();
  auto source = std::make_unique<RouteReceiptSource>(app, std::move(org), std::move(id), std::move(*head));
  http::Response response = http::streamed(200, "application/json", std::move(source));
  response.headers.set("Cache-Control", "private, no-cache");
  co_return response;
}

}  // namespace api
