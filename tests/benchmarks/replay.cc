// What a replay folds in a second: a million events into an empty RocksDB, two threads. Wrong when the state of any
// partition is another than the one that was folded live.
#include "processors/replay/replay.h"

#include <benchmark/benchmark.h>

#include <filesystem>

#include "adapters/files/temporary_directory.h"
#include "adapters/rocksdb/state.h"
#include "processors/state_digest.h"
#include "tests/benchmarks/million.h"

namespace {

using adapters::rocksdb::RocksdbState;

// Of all partitions, one after the other; empty when one cannot be read.
std::string digests_of(const std::filesystem::path& directory, std::uint32_t partitions) {
  const auto state = RocksdbState::open_state(directory, partitions, {});
  std::string digests;
  for (std::uint32_t i = 0; state.has_value() && i < partitions; ++i) {
    const auto digest = processors::digest_of_state(**state, core::Partition(i));
    if (digest.has_error()) return {};
    digests += digest->digest.value();
  }
  return digests;
}

void replay(benchmark::State& state) {
  const std::filesystem::path data = million::directory();
  const auto source = ops::brctl::Source::open(million::config());
  if (data.empty() || source.has_error()) return state.SkipWithError("there is no journal at $BATCHROUTER_BENCH_DATA");
  const std::uint32_t partitions = (*source)->partitions();
  const std::string live = digests_of(data / "state", partitions);
  std::uint64_t events = 0;
  processors::ReplaySettings settings;
  for (std::uint32_t i = 0; i < partitions; ++i) settings.partitions.emplace_back(i);
  for (auto _ : state) {
    const adapters::files::TemporaryDirectory scratch;
    events = 0;
    {
      const auto into = RocksdbState::open_state(scratch.path() / "state", partitions, {});
      if (into.has_error()) return state.SkipWithError(into.error().detail.c_str());
      const auto replayed = processors::replay((*source)->journal(), **into, settings,
                                               [](const processors::ReplayProgress&) { return true; });
      if (replayed.has_error()) return state.SkipWithError(replayed.error().detail.c_str());
      for (const processors::ReplayedPartition& one : *replayed) events += one.events;
    }
    state.PauseTiming();
    const bool same = !live.empty() && digests_of(scratch.path() / "state", partitions) == live;
    state.ResumeTiming();
    if (!same) return state.SkipWithError("the replayed state is not the live one");
  }
  state.counters["events"] = static_cast<double>(events);
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(replay)->Iterations(2)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
