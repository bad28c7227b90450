// journal_load --directory DIR [--events N] [--seed N] [--partitions N] [--record-digests N]
//
// Makes a data directory as months of service would leave it: a journal of about N events by the real way of writing,
// the state that was folded on the way, keys, identity. Nothing is faked below the effects: each command is decided,
// each group durable. The same seed makes the same events, except for what the vault sealed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/blobs/local_blobs.h"
#include "adapters/files/files.h"
#include "adapters/rocksdb/state.h"
#include "adapters/vault/local_vault.h"
#include "ops/bus.h"
#include "ops/config.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"
#include "schemas/catalog.h"
#include "tests/load_generator/customers.h"
#include "tests/load_generator/fulfilment.h"
#include "tests/load_generator/partition_world.h"

namespace load_generator {

namespace {

constexpr core::Timestamp first_day = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5};

struct Options {
  std::string directory;
  std::uint64_t events = 1'000'000;
  std::uint64_t seed = 1;
  std::uint32_t partitions = 16;
  std::size_t digests = 0;
};

// What one partition needs, in the order in which it is made.
struct Part {
  Part(boost::asio::io_context& context, PartitionWorld::Settings settings, processors::Journal& journal,
       processors::StateStore& store, processors::Vault& vault, const core::Catalog& catalog)
      : world(context, std::move(settings), journal, store, fulfilment), customers(world, fulfilment, vault, catalog) {
    fulfilment.attach(world);
  }
  Fulfilment fulfilment;
  PartitionWorld world;
  Customers customers;
};
using Parts = std::vector<std::unique_ptr<Part>>;

std::uint64_t events_of(const Parts& parts) {
  std::uint64_t events = 0;
  for (const auto& part : parts) events += part->world.events();
  return events;
}

// At which counts of its events each partition records its state.
std::vector<std::vector<std::uint64_t>> places_of_digests(const Options& options) {
  adapters::simulated::Random random(options.seed);
  std::vector<std::vector<std::uint64_t>> places(options.partitions);
  for (std::size_t i = 0; i < options.digests; ++i)
    places[random.below(options.partitions)].push_back(random.below(options.events / options.partitions) + 1);
  for (auto& one : places) std::sort(one.begin(), one.end());
  return places;
}

std::string to_json(const Parts& parts) {
  std::string text = "[";
  for (const auto& part : parts) {
    for (const RecordedDigest& one : part->world.digests())
      text += fmt::format("{}\n  {{\"partition\": {}, \"offset\": {}, \"digest\": \"{}\"}}", text.size() > 1 ? "," : "",
                          one.partition.value(), one.offset.value(), one.digest);
  }
  return text + "\n]\n";
}

// Everything that the partitions do, until each has come to its end.
core::Result<void> run_all(boost::asio::io_context& context, Parts& parts) {
  std::atomic<std::size_t> running = parts.size();
  std::mutex mutex;
  core::Result<void> outcome;
  auto work = boost::asio::make_work_guard(context);
  for (const auto& part : parts) {
    part->customers.begin();
    part->world.run([&](const std::optional<core::Error>& error) {
      const std::scoped_lock lock(mutex);
      if (error) outcome = *error;
      if (--running == 0) work.reset();
    });
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(2u, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&context] { context.run(); });
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

core::Result<void> make(const Options& options) {
  ops::Config config;
  config.data.directory = options.directory;
  config.journal.partitions = options.partitions;
  const std::filesystem::path data = options.directory;
  if (std::filesystem::exists(data / "journal"))
    return core::Error{core::ErrorCode::configuration_invalid, options.directory + " has a journal; name a new one"};
  std::filesystem::create_directories(data);

  processors::testing::NullMetrics metrics;
  processors::testing::NullLog log;
  const auto bus = ops::open_bus(config, {"journal_load", metrics, log, [](const std::string& why) {
                                            std::cerr << "the journal failed: " << why << '\n';
                                          }});
  if (bus.has_error()) return bus.error();
  if (const auto checked = ops::check_identity(data, **bus, options.partitions); checked.has_error()) return checked;
  const auto vault = adapters::vault::LocalVault::open(data / "keys");
  if (vault.has_error()) return vault.error();
  const auto blobs = adapters::blobs::LocalBlobs::open(data / "blobs");
  if (blobs.has_error()) return blobs.error();
  const auto state = adapters::rocksdb::RocksdbState::open_state(data / "state", options.partitions, {});
  if (state.has_error()) return state.error();

  const core::Catalog catalog = schemas::built_in_catalog();
  const auto places = places_of_digests(options);
  boost::asio::io_context context;
  Parts parts;
  for (std::uint32_t i = 0; i < options.partitions; ++i) {
    PartitionWorld::Settings settings;
    settings.partition = core::Partition(i);
    settings.partition_count = options.partitions;
    settings.seed = options.seed;
    settings.events = options.events / options.partitions;
    settings.begin = first_day;
    settings.digests_at = places[i];
    parts.push_back(std::make_unique<Part>(context, std::move(settings), (*bus)->journal(), **state, **vault, catalog));
    if (const auto recovered = parts.back()->world.recover(); recovered.has_error()) return recovered;
  }

  const auto began = std::chrono::steady_clock::now();
  if (const auto run = run_all(context, parts); run.has_error()) return run;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  for (const auto& part : parts) part->world.close();
  (*bus)->stop();
  if (const auto flushed = (*state)->flush(); flushed.has_error()) return flushed;
  if (options.digests > 0) {
    const auto written = adapters::files::write_durably(data / "digests.json", to_json(parts));
    if (written.has_error()) return written;
  }
  std::uint64_t refusals = 0;
  for (const auto& part : parts) refusals += part->world.refusals();
  const std::uint64_t events = events_of(parts);
  std::cout << fmt::format("{} events, {} commands refused, {:.1f} s, {:.0f} events/s\n", events, refusals,
                           took.count(), static_cast<double>(events) / took.count());
  return {};
}

}  // namespace

}  // namespace load_generator

int main(int count, char** arguments) {
  load_generator::Options options;
  CLI::App app("Makes a data directory with a journal of many events, as a service would leave it.", "journal_load");
  app.add_option("--directory", options.directory, "Where; it must not have a journal")->required();
  app.add_option("--events", options.events, "About how many; nothing is begun after that");
  app.add_option("--seed", options.seed, "The same seed makes the same events");
  app.add_option("--partitions", options.partitions, "Of the journal")->check(CLI::Range(1, 256));
  app.add_option("--record-digests", options.digests, "Digests of the live state at so many places: digests.json");
  CLI11_PARSE(app, count, arguments);
  const core::Result<void> made = load_generator::make(options);
  if (made.has_value()) return 0;
  std::cerr << made.error().detail << '\n';
  return 1;
}
