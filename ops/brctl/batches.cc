// brctl batches list | show: accepted work, how far it is, and what it costs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "api/json_text.h"
#include "ops/brctl/arguments.h"
#include "ops/brctl/live_rows.h"
#include "ops/brctl/output.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "ops/clock.h"

namespace ops::brctl {

namespace {

using core::batch::Batch;
using core::batch::Unit;

struct Options {
  ConfigFlags flags;
  std::optional<std::string> org;
  std::string status;
  std::string since;
  std::uint32_t limit = 50;
  std::string batch;
  bool json = false;
};

std::optional<core::OrgId> org_of(const Options& options) {
  return options.org ? std::optional(core::OrgId(*options.org)) : std::nullopt;
}

core::batch::Progress progress_of(const Batch& batch) {
  core::batch::Progress progress = batch.closed;
  progress += batch.open;
  return progress;
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : std::to_string(100 * part / whole) + " %";
}

// "openai sync, anthropic batch": those that did the work, or before any did, those it will first be offered to.
std::string lanes_text(const Batch& batch) {
  std::vector<std::string> lanes;
  const auto add = [&lanes](const auto& lane) {
    std::string text = lane.provider.value() + " " + std::string(core::to_string(lane.mode));
    if (std::find(lanes.begin(), lanes.end(), text) == lanes.end()) lanes.push_back(std::move(text));
  };
  for (const core::batch::LaneShare& share : batch.shares) add(share);
  if (batch.shares.empty()) {
    for (const core::quote::Route& route : batch.plan.routes) add(route);
  }
  std::string text;
  for (const std::string& lane : lanes) text += (text.empty() ? "" : ", ") + lane;
  return text;
}

void list_batches(Console& console, const Options& options) {
  std::optional<core::Timestamp> since;
  if (!options.since.empty()) {
    const auto time = parse_time(options.since, now());
    if (time.has_error()) return fail(console, time.error());
    since = *time;
  }
  const auto status = core::batch::phase_from_string(options.status);
  if (!options.status.empty() && !status)
    return fail(console, wrong_arguments, "--status: '" + options.status + "' is no status of a batch");
  const auto rows = LiveRows::open(console, options.flags, org_of(options));
  if (!rows) return;
  std::vector<Batch> batches;
  const auto listed = rows->each<Batch>(org_of(options), [&](Batch batch) {
    const bool asked = (!status || batch.phase == *status) && (!since || batch.created_at >= *since);
    if (asked) batches.push_back(std::move(batch));
  });
  if (listed.has_error()) return fail(console, listed.error());
  std::sort(batches.begin(), batches.end(), [](const Batch& left, const Batch& right) {
    return std::tie(right.created_at, right.id) < std::tie(left.created_at, left.id);
  });
  const std::size_t shown = std::min<std::size_t>(batches.size(), options.limit);

  Listing listing({{"batch"},
                   {"org"},
                   {"status"},
                   {"created_at"},
                   {"items", Align::right},
                   {"answered", Align::right},
                   {"quoted", Align::right},
                   {"charged", Align::right},
                   {"cost", Align::right},
                   {"lanes"}});
  for (std::size_t i = 0; i < shown; ++i) {
    const Batch& batch = batches[i];
    const core::batch::Progress progress = progress_of(batch);
    listing.add({batch.id.value(), batch.org.value(), std::string(core::batch::to_string(batch.phase)),
                 batch.created_at, std::int64_t{batch.plan.item_count}, std::int64_t{progress.tally.total()},
                 batch.plan.total, progress.charged, progress.provider_cost, lanes_text(batch)});
  }
  listing.print(console, options.json, "batches");
  if (!options.json && shown < batches.size())
    console.out << counted(batches.size() - shown, "older batch") << " not shown: --limit, --since\n";
}

std::string_view word_of(core::batch::UnitPhase phase) {
  switch (phase) {
    case core::batch::UnitPhase::planned: return "planned";
    case core::batch::UnitPhase::dispatched: return "dispatched";
    case core::batch::UnitPhase::closed: return "closed";
  }
  return "";
}

Listing units_listing(const std::vector<Unit>& units) {
  Listing listing({{"unit", Align::right},
                   {"status"},
                   {"items", Align::right},
                   {"answered", Align::right},
                   {"attempts", Align::right},
                   {"lane"},
                   {"ended"},
                   {"charged", Align::right}});
  for (const Unit& unit : units) {
    Cell lane;
    Cell ended;
    if (!unit.attempts.empty()) {
      const core::batch::AttemptRecord& newest = unit.attempts.back();
      lane = newest.provider.value() + " " + newest.model.value() + " " + std::string(core::to_string(newest.mode));
      if (newest.ended_at) ended = newest.end_reason.empty() ? std::string("finished") : newest.end_reason;
    }
    listing.add({std::int64_t{unit.index.value()}, std::string(word_of(unit.phase)), std::int64_t{unit.item_count},
                 std::int64_t{unit.progress.tally.total()}, std::int64_t{unit.attempt.value()}, lane, ended,
                 unit.progress.charged});
  }
  return listing;
}

Listing lanes_listing(const Batch& batch) {
  Listing listing({{"provider"},
                   {"model"},
                   {"mode"},
                   {"succeeded", Align::right},
                   {"failed", Align::right},
                   {"input_tokens", Align::right},
                   {"output_tokens", Align::right},
                   {"charged", Align::right},
                   {"cost", Align::right}});
  for (const core::batch::LaneShare& share : batch.shares)
    listing.add({share.provider.value(), share.model.value(), std::string(core::to_string(share.mode)),
                 std::int64_t{share.succeeded}, std::int64_t{share.failed}, share.input_tokens, share.output_tokens,
                 share.charged, share.provider_cost});
  return listing;
}

std::string batch_json(const Batch& batch, const std::vector<Unit>& units) {
  const core::batch::Progress progress = progress_of(batch);
  const core::batch::Tally& tally = progress.tally;
  api::JsonText json;
  json.text("batch", batch.id.value()).text("org", batch.org.value());
  json.text("status", core::batch::to_string(batch.phase)).text("quote", batch.quote.value());
  json.time("created_at", batch.created_at).time("deadline", batch.deadline).time_or_null("ended_at", batch.ended_at);
  json.number("items", batch.plan.item_count).object("answered").number("succeeded", tally.succeeded);
  json.number("failed", tally.failed).number("exhausted", tally.exhausted).number("cancelled", tally.cancelled);
  json.number("expired", tally.expired).end_object();
  json.money("quoted", batch.plan.total).money("charged", progress.charged).money("cost", progress.provider_cost);
  json.json("lanes", lanes_listing(batch).json()).json("units", units_listing(units).json());
  return std::move(json).finish();
}

void show_as_text(Console& console, const Batch& batch, const std::vector<Unit>& units) {
  const core::batch::Progress progress = progress_of(batch);
  const core::batch::Tally& tally = progress.tally;
  std::vector<std::vector<std::string>> lines = {
      {"batch", batch.id.value()},
      {"org", batch.org.value()},
      {"status", std::string(core::batch::to_string(batch.phase))},
      {"created", time_text(batch.created_at)},
      {"deadline", time_text(batch.deadline)},
  };
  if (batch.ended_at) lines.push_back({"ended", time_text(*batch.ended_at)});
  lines.push_back({"answered", grouped(tally.total()) + " of " + grouped(batch.plan.item_count) + " items, " +
                                   percent_text(tally.total(), batch.plan.item_count) + ": " +
                                   grouped(tally.succeeded) + " succeeded, " + grouped(tally.failed) + " failed, " +
                                   grouped(tally.exhausted) + " exhausted, " + grouped(tally.cancelled) +
                                   " cancelled, " + grouped(tally.expired) + " expired"});
  lines.push_back({"quoted", core::to_decimal(batch.plan.total) + " USD"});
  lines.push_back({"charged", core::to_decimal(progress.charged) + " USD"});
  lines.push_back({"cost", core::to_decimal(progress.provider_cost) + " USD"});
  console.out << render_table(lines);
  if (!batch.shares.empty()) console.out << '\n' << lanes_listing(batch).table();
  if (!units.empty()) console.out << '\n' << units_listing(units).table();
  console.out << "\nIts whole life: brctl events show " << batch.id.value() << '\n';
}

void show_batch(Console& console, const Options& options) {
  const auto rows = LiveRows::open(console, options.flags, org_of(options));
  if (!rows) return;
  std::optional<Batch> found;
  const auto listed = rows->each<Batch>(org_of(options), [&](Batch batch) {
    if (batch.id.value() == options.batch) found = std::move(batch);
  });
  if (listed.has_error()) return fail(console, listed.error());
  if (!found) return fail(console, answer_is_bad, "there is no batch " + options.batch);
  std::vector<Unit> units;
  const auto read =
      rows->reader().list<Unit>(core::aggregate_of(found->org), schemas::row_prefix<Unit>(found->org, found->id), "",
                                processors::Order::oldest_first, [&](Unit unit) {
                                  units.push_back(std::move(unit));
                                  return true;
                                });
  if (read.has_error()) return fail(console, read.error());
  if (options.json) {
    console.out << batch_json(*found, units) << '\n';
    return;
  }
  show_as_text(console, *found, units);
}

}  // namespace

void add_batches(CLI::App& app, Console& console) {
  CLI::App& batches = *app.add_subcommand("batches", "Accepted work: how far it is, and what it costs");
  batches.require_subcommand(1);

  const auto of_list = std::make_shared<Options>();
  CLI::App& list = *batches.add_subcommand("list", "Batches, the newest first");
  list.add_option("--org", of_list->org, "Only of this organization")->type_name("ORG");
  list.add_option("--status", of_list->status, "Only in this status: queued, processing, completed, …")
      ->type_name("STATUS");
  list.add_option("--since", of_list->since, "Only those submitted since: a time, a day, or 15m, 2h, 7d ago")
      ->type_name("TIME");
  list.add_option("--limit", of_list->limit, "At most so many")->type_name("N")->capture_default_str();
  add_json_flag(list, of_list->json);
  add_config_flags(list, of_list->flags);
  list.footer(
      "Examples:\n  brctl batches list --since 2h\n"
      "  brctl batches list --org org_01… --status failed --json | jq '.batches[].batch'");
  list.callback([&console, of_list] { list_batches(console, *of_list); });

  const auto of_show = std::make_shared<Options>();
  CLI::App& show = *batches.add_subcommand("show", "One batch with its lanes and units");
  show.add_option("BATCH", of_show->batch, "Its id")->required()->type_name("");
  show.add_option("--org", of_show->org, "Whose it is: found faster")->type_name("ORG");
  add_json_flag(show, of_show->json);
  add_config_flags(show, of_show->flags);
  show.footer("Example:\n  brctl batches show bat_01…");
  show.callback([&console, of_show] { show_batch(console, *of_show); });
}

}  // namespace ops::brctl
