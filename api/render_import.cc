#include "api/render_import.h"

#include <utility>

#include "api/json_text.h"

namespace api {

namespace {

using core::imports::Drift;
using core::imports::Report;
using core::imports::Sample;
using core::imports::Served;
using core::imports::Totals;

void add_outcomes(JsonText& json, const Totals& totals) {
  json.number("items", totals.items).number("succeeded", totals.succeeded).number("failed", totals.failed);
  json.number("rejected", totals.rejected).number("unanswered", totals.unanswered);
  json.number("invalid_outputs", totals.invalid);
}

void add_usage(JsonText& json, const Totals& totals) {
  json.object("usage").number("input_tokens", totals.input_tokens);
  json.number("cached_input_tokens", totals.cached_tokens);
  json.number("output_tokens", totals.output_tokens).end_object();
}

double share_of(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

bool enough(std::uint64_t items) {
  return items >= core::imports::sample_items_min;
}

void add_rate(JsonText& json, std::string_view name, std::uint64_t part, std::uint64_t whole) {
  if (enough(whole))
    json.score(name, share_of(part, whole));
  else
    json.null(name);
}

// --- sections of the report -----------------------------------------------------------------------------------------

void add_baseline_trend(JsonText& json, const Report& report) {
  json.array("baseline_trend");
  for (const auto& point : report.trend) {
    if (point.imported.items == 0) continue;
    json.element().time("from", point.from);
    add_outcomes(json, point.imported);
    add_usage(json, point.imported);
    json.money("cost", point.imported.paid).money("synchronous_list_cost", point.imported.list).end_object();
  }
  json.end_array();
}

// What the imported work would have cost here, and what was done here in fact.
void add_optimized_trend(JsonText& json, const Report& report, const ReportFacts& facts) {
  json.array("optimized_trend");
  for (const auto& point : report.trend) {
    json.element().time("from", point.from);
    json.object("projected").number("items", point.imported.items).money("cost", point.imported.optimized);
    json.money("savings", point.imported.paid - point.imported.optimized);
    json.boolean("simulated", facts.simulated_lane).end_object();
    json.object("served").number("items", point.served.items).number("simulated_items", point.served.simulated_items);
    json.money("charged", point.served.charged).end_object().end_object();
  }
  json.end_array();
}

void add_savings(JsonText& json, const Report& report, const ReportFacts& facts) {
  const Served& served = report.served;
  if (served.comparable_list == core::Money{}) {
    json.null("savings_realized");
  } else {
    json.object("savings_realized").money("savings", served.comparable_list - served.comparable_charged);
    json.money("charged", served.comparable_charged).money("synchronous_list_cost", served.comparable_list);
    json.number("items", served.comparable_items).number("simulated_items", served.comparable_simulated_items);
    json.text("compared_with", "synchronous_list_price").end_object();
  }
  const Totals& imported = report.imported;
  if (imported.paid == core::Money{}) {
    json.null("savings_projected");
    return;
  }
  json.object("savings_projected").money("savings", imported.paid - imported.optimized);
  json.money("baseline_cost", imported.paid).money("optimized_cost", imported.optimized);
  json.money("synchronous_list_cost", imported.list);
  json.number("items", imported.succeeded).number("unpriced_items", imported.unpriced);
  json.number("unrouted_items", imported.unrouted).boolean("simulated", facts.simulated_lane);
  json.text("compared_with", "batch_list_price").end_object();
}

void add_sample(JsonText& json, std::string_view name, const Sample& sample, core::Timestamp from, core::Timestamp to) {
  json.object(name).time("from", from).time("to", to).number("items", sample.items).number("faulty", sample.faulty);
  add_rate(json, "rate", sample.faulty, sample.items);
  json.end_object();
}

void add_drifts(JsonText& json, const Report& report) {
  json.array("quality_drift");
  for (const Drift& drift : report.drifts) {
    json.element().text("provider", drift.provider.value()).text("evidence", to_string(drift.evidence));
    json.boolean("simulated", drift.simulated).text("verdict", to_string(drift.verdict));
    add_sample(json, "first_half", drift.first, drift.from, drift.middle);
    add_sample(json, "last_half", drift.last, drift.middle, drift.to);
    json.end_object();
  }
  json.end_array();
}

void add_rates(JsonText& json, const Report& report) {
  const Served& served = report.served;
  json.object("fallback_frequency").number("items", served.items).number("fallbacks", served.fallbacks);
  add_rate(json, "rate", served.fallbacks, served.items);
  json.end_object();
  json.object("verification_failures").number("answers", served.asked).number("failures", served.invalid);
  add_rate(json, "rate", served.invalid, served.asked);
  json.object("imported").number("answers", report.imported.succeeded).number("failures", report.imported.invalid);
  add_rate(json, "rate", report.imported.invalid, report.imported.succeeded);
  json.end_object().end_object();
}

void add_recommendation(JsonText& json, const Report& report) {
  if (!report.recommended) {
    json.null("recommended_next_route_change");
    return;
  }
  const core::imports::RouteChange& change = *report.recommended;
  const core::Money saving = change.paid - change.expected;
  json.object("recommended_next_route_change");
  json.object("from").text("model", change.from_model.value());
  json.text("operation", to_string(change.operation)).text("mode", to_string(core::Mode::batch)).end_object();
  json.object("to").text("model", change.model.value()).text("provider", change.provider.value());
  json.text("mode", to_string(change.mode)).boolean("simulated", change.simulated).end_object();
  json.number("items", change.items).money("baseline_cost", change.paid);
  json.money("expected_cost", change.expected).money("expected_savings", saving);
  const std::string what = change.model == change.from_model ? "the same model" : "a model of the same class or better";
  json.text("reason", "for the tokens of these items " + what + " costs " + core::to_decimal(change.expected) +
                          " USD here instead of " + core::to_decimal(change.paid) + " USD");
  json.end_object();
}

// What is left open, and why.
void add_notes(JsonText& json, const Report& report, const ReportFacts& facts) {
  const std::string few = "fewer than " + std::to_string(core::imports::sample_items_min) + " items";
  json.array("notes");
  if (report.imported.items == 0)
    json.element("nothing was imported from " + facts.import_provider + " in this window: POST /v1/imports brings it");
  if (report.imported.items > 0 && report.imported.paid == core::Money{})
    json.element("no imported answer has both a known model and its usage: there is no baseline cost");
  if (report.served.items == 0) json.element("no batch was settled here in this window: no savings were realized");
  if (report.served.items > 0 && report.served.comparable_list == core::Money{})
    json.element("the list prices of what was settled here are not known: realized savings are left open");
  if (report.served.items > 0 && !enough(report.served.items))
    json.element(few + " were settled here: rates are left open");
  if (report.imported.items > 0 && !report.recommended)
    json.element("no open route would save at least 1 % on a model with enough imported items");
  if (report.imported.unpriced > 0)
    json.element(std::to_string(report.imported.unpriced) +
                 " imported items have no price: their model is unknown, or their usage");
  if (report.imported.unrouted > 0)
    json.element(std::to_string(report.imported.unrouted) +
                 " imported items have no open route here: they are counted as optimized at what they cost");
  if (facts.simulated_lane && !facts.real_lane)
    json.element("only the simulated lane is configured: optimized costs are its prices");
  if (facts.simulated_lane && facts.real_lane)
    json.element("the simulated lane is configured beside real ones: optimized costs may be its prices");
  if (report.served.items > 0)
    json.element("what was served here is all of this account's work, whichever import_provider is asked about");
  if (facts.rows_left_out) json.element("there is more history than a report looks at: the oldest days are left out");
  json.end_array();
}

}  // namespace

std::string render_faults(const processors::ImportFaults& faults) {
  std::string list = "[";
  for (const processors::ImportFault& fault : faults.listed()) {
    if (list.size() > 1) list += ',';
    JsonText json;
    json.text("file", fault.file).number("line", fault.place).text("pointer", fault.pointer);
    json.text_or_null("custom_id", fault.custom_id).text("code", fault.code).text("message", fault.message);
    list += std::move(json).finish();
  }
  return list += ']';
}

std::string render_import(const core::imports::Import& import, const std::string& faults) {
  const Totals& totals = import.totals;
  JsonText json;
  json.text("id", import.id.value()).text("object", "import").text("provider", import.provider);
  json.text("status", "completed").time("created_at", import.created_at);
  add_outcomes(json, totals);
  json.number("unpriced", totals.unpriced).number("unrouted", totals.unrouted);
  add_usage(json, totals);
  json.money("baseline_cost", totals.paid).money("synchronous_list_cost", totals.list);
  json.money("optimized_cost", totals.optimized).money("projected_savings", totals.paid - totals.optimized);
  json.text("catalog_version", import.catalog_version);
  json.time("first_day", import.first_day).time("last_day", import.last_day);
  json.array("failure_codes");
  for (const core::imports::FailureCode& code : import.failure_codes)
    json.element().text("code", code.code).number("items", code.items).end_object();
  json.end_array();
  if (import.manifest_items == 0) {
    json.null("manifest");
  } else {
    json.object("manifest").number("items", import.manifest_items);
    json.text("url", "/v1/imports/" + import.id.value() + "/manifest").end_object();
  }
  json.number("fault_count", import.fault_count);
  if (!faults.empty()) json.json("faults", faults);
  return std::move(json).finish();
}

std::string render_report(const Report& report, const ReportFacts& facts) {
  const bool anything = report.imported.items > 0 || report.served.items > 0;
  JsonText json;
  json.text("object", "optimization_report").text("import_provider", facts.import_provider);
  json.text("status", anything ? "ready" : "insufficient_data").time("generated_at", facts.generated_at);
  json.text("window", facts.window).time_or_null("from", report.from);
  json.time_or_null("to", report.from ? std::optional(report.to) : std::nullopt);
  json.text("bucket", to_string(report.bucket)).text("catalog_version", facts.catalog_version);
  json.number("imported_items", report.imported.items).number("served_items", report.served.items);
  json.number("served_simulated_items", report.served.simulated_items);
  add_baseline_trend(json, report);
  add_optimized_trend(json, report, facts);
  add_savings(json, report, facts);
  add_drifts(json, report);
  add_rates(json, report);
  json.array("unknown_models");
  for (const auto& [model, items] : report.unknown_models)
    json.element().text("model", model.value()).number("items", items).end_object();
  json.end_array();
  add_recommendation(json, report);
  add_notes(json, report, facts);
  return std::move(json).finish();
}

}  // namespace api
