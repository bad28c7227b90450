// What an audit reads in a second: a million events, every rule, two threads. Wrong when it finds anything, or has not
// read every event.
#include "processors/audit/audit.h"

#include <benchmark/benchmark.h>

#include "tests/benchmarks/million.h"

namespace {

void audit(benchmark::State& state) {
  const std::uint64_t expected = million::count_events();
  if (expected == 0) return state.SkipWithError("there is no journal at $BATCHROUTER_BENCH_DATA");
  for (auto _ : state) {
    const auto source = ops::brctl::Source::open(million::config());
    if (source.has_error()) return state.SkipWithError(source.error().detail.c_str());
    processors::audit::Options options;
    options.partition_count = (*source)->partitions();
    processors::audit::Audit audit(options, {});
    const auto read =
        (*source)->records()->read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
          audit.take(partition, stored);
          return true;
        });
    const schemas::AuditReport report = audit.finish();
    if (read.has_error() || report.findings_count > 0 || report.events != expected)
      return state.SkipWithError("the audit found something, or did not read all");
  }
  state.counters["events"] = static_cast<double>(expected);
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(expected), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(audit)->Iterations(3)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
