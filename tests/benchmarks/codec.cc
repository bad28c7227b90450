// What reading a group of events costs, and writing the rows that they lead to. Events and rows as one work unit makes
// them; "items" are events, or rows.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "schemas/journal_codec.h"
#include "schemas/row_codec.h"

namespace {

const core::OrgId org("org_01hzy3v8e2m4k6n8p0q2r4s6t8");
const core::BatchId batch("bat_01hzy3v8e2m4k6n8p0q2r4s6t8");
const core::Timestamp noon = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours(12);

core::batch::Progress progress(std::uint32_t items) {
  core::batch::Progress made;
  made.tally.succeeded = items;
  made.segments = {items * 412ull, 0, items * 187ull, 0, items * 655ull};
  made.charged = core::Money::from_nanos(items * 812'345);
  made.provider_cost = core::Money::from_nanos(items * 612'345);
  made.input_tokens = items * 900;
  made.output_tokens = items * 200;
  return made;
}

std::vector<core::Event> events_of_a_unit() {
  const core::UnitIndex unit(17);
  const core::AttemptNumber attempt(1);
  const core::ProviderId provider("openai");
  const core::ModelSlug model("gpt-5.4-mini");
  std::vector<core::Event> events;
  core::batch::UnitDispatched dispatched;
  dispatched.org = org;
  dispatched.batch = batch;
  dispatched.unit = unit;
  dispatched.attempt = attempt;
  dispatched.provider = provider;
  dispatched.model = model;
  dispatched.epoch = core::Epoch(1);
  events.emplace_back(dispatched);
  events.emplace_back(core::batch::HandleRecorded{org, batch, unit, attempt, "batch_01hzy3v8e2m4k6n8p0q2r4s6t8"});
  for (const std::uint32_t items : {120u, 300u, 420u})
    events.emplace_back(core::batch::UnitProgressed{org, batch, unit, attempt, progress(items), core::Epoch(1)});
  core::batch::UnitClosed closed{org, batch, unit, progress(500), core::Epoch(1), {}, {}};
  closed.shares = {{provider, model, core::Mode::batch, core::Operation::responses, 500, 0, 450'000, 100'000,
                    closed.progress.charged, closed.progress.provider_cost, 0}};
  events.emplace_back(closed);
  events.emplace_back(core::ledger::TransferPosted{core::TransferId("capture/" + batch.value()),
                                                   core::ledger::TransferKind::capture,
                                                   org,
                                                   core::ledger::reserved(org),
                                                   core::ledger::revenue(),
                                                   closed.progress.charged,
                                                   batch,
                                                   {},
                                                   {}});
  return events;
}

void decode_group(benchmark::State& state) {
  const std::vector<core::Event> events = events_of_a_unit();
  schemas::GroupWriter writer(core::Partition(3), noon);
  std::size_t count = 0;
  for (int units = 0; units < 20; ++units) {
    for (const core::Event& event : events) {
      writer.add(
          {core::CommandId("progress/" + batch.value() + "/17"), core::AggregateKey("org:" + org.value()), event});
      ++count;
    }
  }
  const std::string group = std::move(writer).finish();
  for (auto _ : state) {
    const auto decoded = schemas::decode_group(group);
    if (decoded.has_error() || decoded->size() != count) return state.SkipWithError("the group was not read whole");
    benchmark::DoNotOptimize(decoded->data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(group.size()));
}
BENCHMARK(decode_group);

void write_group(benchmark::State& state) {
  const std::vector<core::Event> events = events_of_a_unit();
  std::int64_t bytes = 0;
  for (auto _ : state) {
    schemas::GroupWriter writer(core::Partition(3), noon);
    for (const core::Event& event : events)
      writer.add(
          {core::CommandId("progress/" + batch.value() + "/17"), core::AggregateKey("org:" + org.value()), event});
    const std::string group = std::move(writer).finish();
    bytes += static_cast<std::int64_t>(group.size());
    benchmark::DoNotOptimize(group.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events.size()));
  state.SetBytesProcessed(bytes);
}
BENCHMARK(write_group);

core::batch::Unit unit_row() {
  core::batch::Unit unit;
  unit.org = org;
  unit.batch = batch;
  unit.index = core::UnitIndex(17);
  unit.blob = core::Digest(std::string(64, 'a'));
  unit.item_count = 500;
  unit.quoted = core::Money::from_nanos(600'000'000);
  unit.attempt = core::AttemptNumber(1);
  unit.handle = "batch_01hzy3v8e2m4k6n8p0q2r4s6t8";
  unit.dispatched_at = noon;
  unit.progress = progress(300);
  core::batch::AttemptRecord attempt;
  attempt.provider = core::ProviderId("openai");
  attempt.model = core::ModelSlug("gpt-5.4-mini");
  attempt.handle = unit.handle;
  attempt.began_at = noon;
  unit.attempts.push_back(attempt);
  unit.epoch = core::Epoch(1);
  return unit;
}

void write_row(benchmark::State& state) {
  const core::batch::Unit unit = unit_row();
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const std::string row = schemas::encode_row(unit);
    bytes += static_cast<std::int64_t>(row.size());
    benchmark::DoNotOptimize(row.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}
BENCHMARK(write_row);

void read_row(benchmark::State& state) {
  const std::string row = schemas::encode_row(unit_row());
  for (auto _ : state) {
    const auto unit = schemas::decode_row<core::batch::Unit>(row);
    if (unit.has_error() || unit->item_count != 500) return state.SkipWithError("the row was not read");
    benchmark::DoNotOptimize(unit->item_count);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(row.size()));
}
BENCHMARK(read_row);

}  // namespace
