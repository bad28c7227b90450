// What a confirmed group of events costs on a real broker: appended and read back, as the journal does it, or in a
// transaction of its own. Needs a broker at $BATCHROUTER_TEST_KAFKA; without one nothing is measured.
//
// One group in flight for each partition. "groups/s" is over all partitions, p50 and p99 are of one group, in ms.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/journal.h"
#include "adapters/kafka/public_log.h"
#include "adapters/kafka/topics.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace {

using namespace adapters::kafka;
using Clock = std::chrono::steady_clock;

processors::testing::NullLog null_log;
processors::testing::NullMetrics null_metrics;

constexpr std::chrono::seconds measured_for{8};
constexpr std::uint32_t partitions_max = 16;

const Settings& settings() {
  static const Settings made = [] {
    Settings one;
    if (const char* const address = std::getenv("BATCHROUTER_TEST_KAFKA")) one.bootstrap_servers = address;
    one.topic_prefix = "bench" + std::to_string(std::random_device()());
    one.instance = "bench";
    one.partitions = partitions_max;
    if (!one.bootstrap_servers.empty() && prepare_topics(one, null_log, null_metrics).has_error())
      one.bootstrap_servers.clear();
    return one;
  }();
  return made;
}

// Confirms one group of a partition, or says that it failed.
using Confirm = std::function<bool(core::Partition, const std::string& group)>;

void report(benchmark::State& state, std::vector<double> milliseconds, double seconds) {
  if (milliseconds.empty()) return state.SkipWithError("nothing was confirmed");
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double part) {
    return milliseconds[static_cast<std::size_t>(part * static_cast<double>(milliseconds.size() - 1))];
  };
  state.counters["p50_ms"] = at(0.5);
  state.counters["p99_ms"] = at(0.99);
  state.counters["groups/s"] = static_cast<double>(milliseconds.size()) / seconds;
}

// range(0): bytes of a group; range(1): partitions, each with a thread that waits for one group after another.
void measure(benchmark::State& state, const Confirm& confirm) {
  const std::string group = [&] {
    std::mt19937 random(1);
    std::string text(static_cast<std::size_t>(state.range(0)), '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
  }();
  const auto partitions = static_cast<std::uint32_t>(state.range(1));
  std::vector<std::vector<double>> taken(partitions);
  std::atomic<bool> failed = false;
  for (auto _ : state) {
    const auto began = Clock::now();
    std::vector<std::thread> writers;
    for (std::uint32_t i = 0; i < partitions; ++i) {
      writers.emplace_back([&, i] {
        while (!failed && Clock::now() - began < measured_for) {
          const auto before = Clock::now();
          if (!confirm(core::Partition(i), group)) failed = true;
          taken[i].push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    if (failed) return state.SkipWithError("a group was not confirmed");
    std::vector<double> all;
    for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
    report(state, std::move(all), std::chrono::duration<double>(Clock::now() - began).count());
  }
}

bool no_broker(benchmark::State& state) {
  if (!settings().bootstrap_servers.empty()) return false;
  for (auto _ : state) state.SetIterationTime(0);
  state.SetLabel("not measured: no broker");
  return true;
}

void appended_and_read_back(benchmark::State& state) {
  if (no_broker(state)) return;
  const auto journal = KafkaJournal::create(settings(), null_log, null_metrics);
  for (std::uint32_t i = 0; i < state.range(1); ++i) {
    if (journal.has_error() || (*journal)->open(core::Partition(i), [](const core::Error&) {}).has_error())
      return state.SkipWithError("the journal does not open");
  }
  measure(state, [&](core::Partition partition, const std::string& group) {
    auto confirmed = std::make_shared<std::promise<bool>>();
    processors::JournalRecord record;
    record.epoch = core::Epoch(1);
    record.instance = "bench";
    record.chain = std::string(32, '\0');
    record.value = group;
    (*journal)->append(partition, std::move(record), [confirmed](const core::Result<core::Offset>& offset) {
      confirmed->set_value(offset.has_value());
    });
    return confirmed->get_future().get();
  });
}

// The group and the progress, as the public log commits them.
void committed_in_a_transaction(benchmark::State& state) {
  if (no_broker(state)) return;
  KafkaPublicLog log(settings(), null_log, null_metrics);
  for (std::uint32_t i = 0; i < state.range(1); ++i) {
    if (log.begin(core::Partition(i)).has_error()) return state.SkipWithError("the public log does not begin");
  }
  measure(state, [&](core::Partition partition, const std::string& group) {
    return log.publish(partition, {{"dispatch", "org:bench", {}, group}}, {core::Offset(1), core::Epoch(1), "bench"})
        .has_value();
  });
}

void sizes(benchmark::internal::Benchmark* which) {
  which->ArgNames({"bytes", "partitions"})->Iterations(1)->UseManualTime()->Unit(benchmark::kSecond);
  for (const std::int64_t bytes : {4'096, 65'536}) {
    for (const std::int64_t partitions : {1, 16}) which->Args({bytes, partitions});
  }
}
BENCHMARK(appended_and_read_back)->Apply(sizes);
BENCHMARK(committed_in_a_transaction)->Apply(sizes);

}  // namespace
