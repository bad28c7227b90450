// If these fail, a power cut or a bad disk loses confirmed records, invents some, or leaves a log that does not open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/embedded_log/log_reader.h"
#include "adapters/files/testing/simulated_disk.h"
#include "processors/testing/journal_calls.h"

namespace adapters::embedded_log {
namespace {

using namespace processors;  // the journal's test calls

using files::SimulatedDisk;
using Fault = SimulatedDisk::Fault;
using Rest = SimulatedDisk::Rest;

constexpr std::uint32_t partition_count = 3;

// A log on a disk of its own, and what its users know: what they appended and what was confirmed to them.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), disk([this] { return random_(); }) {}

  // A process that works with the log.
  core::Result<void> start() {
    log_.reset();
    mounted_ = disk.mount();
    auto opened = EmbeddedLog::open_log({.directory = "/data/journal",
                                         .segment_bytes = 1200,
                                         .on_fatal = [this](const std::string&) { ++fatal; },
                                         .disk = *mounted_,
                                         .writer = Writer::caller});
    if (!opened) return opened.error();
    log_ = std::move(*opened);
    return {};
  }

  // It dies; the disk says what is left.
  void power_off() {
    disk.power_off();
    log_.reset();
  }
  void kill() {
    disk.process_killed();
    log_.reset();
  }

  void append(std::uint32_t partition, std::size_t bytes = 40) {
    ++appended_;
    const std::string value = std::to_string(appended_) + std::string(bytes + appended_ % 50, 'x');
    attempted_[partition].push_back(value);
    log_->append(core::Partition(partition), journal_record(value), [=, this](core::Result<core::Offset> answer) {
      if (answer) {
        confirmed_[partition][answer->value()] = value;
      } else {
        refusals.push_back(answer.error().code);
      }
    });
  }
  void append_group(std::size_t records) {
    for (std::size_t i = 0; i < records; ++i) append(static_cast<std::uint32_t>((appended_ * 7) % partition_count));
  }
  void write() {
    while (log_->write_waiting()) continue;
  }
  void trim(std::uint32_t partition, std::int64_t before) {
    trimmed_[partition] = std::max(trimmed_[partition], before);
    (void)log_->trim(core::Partition(partition), core::Offset(before));
  }

  // A few groups over several segments, and trims in between. May fail anywhere.
  void work() {
    for (int round = 0; round < 4; ++round) {
      append_group(3);
      write();
      append(0, 900);
      append_group(2);
      write();
      if (round < 1) continue;
      for (std::uint32_t partition = 0; partition < partition_count; ++partition)
        trim(partition, static_cast<std::int64_t>(confirmed_[partition].size()) / 2);
    }
  }

  // The log opens, has all it must have and nothing else, takes what comes next, and readers beside it see the same.
  void check() {
    const auto started = start();
    ASSERT_TRUE(started) << started.error().detail;
    ASSERT_NO_FATAL_FAILURE(check_records());
    append_group(5);
    write();
    ASSERT_NO_FATAL_FAILURE(check_records());
  }

  void check_records() {
    const auto beside = LogReader::open("/data/journal", *mounted_);
    ASSERT_TRUE(beside) << beside.error().detail;
    for (std::uint32_t partition = 0; partition < partition_count; ++partition) {
      const auto first = log_->first(core::Partition(partition));
      ASSERT_TRUE(first);
      ASSERT_LE(first->value(), trimmed_[partition]) << "more was trimmed than was given up";
      std::map<std::int64_t, std::string> kept;
      for (const StoredRecord& stored : read_records(*log_, core::Partition(partition), *first))
        kept[stored.offset.value()] = stored.record.value;
      for (const auto& [offset, value] : confirmed_[partition]) {
        if (offset < first->value()) continue;
        ASSERT_EQ(kept.contains(offset) ? kept[offset] : "nothing", value) << partition << "/" << offset;
      }
      ASSERT_NO_FATAL_FAILURE(check_invented(partition, kept));
      const auto seen = read_records(**beside, core::Partition(partition), *first);
      ASSERT_EQ(seen.size(), kept.size()) << "a reader beside it sees another log";
      // What was never confirmed and is there all the same stays from now on.
      for (const auto& [offset, value] : kept) confirmed_[partition][offset] = value;
    }
  }

 private:
  // In the order of appending, each once.
  void check_invented(std::uint32_t partition, const std::map<std::int64_t, std::string>& kept) {
    auto& attempted = attempted_[partition];
    auto next = attempted.begin();
    for (const auto& [offset, value] : kept) {
      next = std::find(next, attempted.end(), value);
      ASSERT_NE(next, attempted.end()) << partition << "/" << offset << " was not appended, or twice: " << value;
      ++next;
    }
  }

  std::mt19937_64 random_;

 public:
  SimulatedDisk disk;
  int fatal = 0;
  std::vector<core::ErrorCode> refusals;

 private:
  std::unique_ptr<Disk> mounted_;
  std::unique_ptr<EmbeddedLog> log_;
  std::uint64_t appended_ = 0;
  std::map<std::uint32_t, std::vector<std::string>> attempted_;
  std::map<std::uint32_t, std::map<std::int64_t, std::string>> confirmed_;
  std::map<std::uint32_t, std::int64_t> trimmed_;
};

TEST(EmbeddedLogPowerLoss, AWriteCutAtAnyByteIsWholeOrAbsentAndNothingElseIsLost) {
  for (const Rest rest : {Rest::as_before, Rest::zeros, Rest::garbage}) {
    bool whole = false;
    for (std::size_t bytes = 0; !whole; ++bytes) {
      World world(bytes);
      ASSERT_TRUE(world.start());
      world.append_group(6);
      world.write();
      world.append_group(4);
      world.disk.fail_after(1, Fault::death);  // its write came through, its sync did not
      world.write();
      whole = bytes > 1000;
      world.disk.power_off(bytes, rest);
      ASSERT_NO_FATAL_FAILURE(world.check()) << bytes << " bytes";
      world.power_off();
      ASSERT_NO_FATAL_FAILURE(world.check()) << bytes << " bytes, and once more";
    }
  }
}

struct Crash {
  Fault fault;
  bool power;
};

// Works, and meets the fault at its n-th operation, opening included; then all is checked. False behind the last one.
bool crash_at(std::uint64_t operation, Crash crash, std::uint64_t seed, bool while_opening) {
  World world(seed);
  if (while_opening) {
    EXPECT_TRUE(world.start());
    world.work();
    world.append_group(4);
    world.disk.fail_after(1, Fault::death);
    world.write();
    crash.power ? world.power_off() : world.kill();
    world.fatal = 0;
    world.refusals.clear();
  }
  world.disk.fail_after(operation, crash.fault);
  const std::uint64_t last = world.disk.operations() + operation;
  const bool started = world.start().has_value();
  if (started) world.work();
  const bool reached = world.disk.operations() > last;
  if (crash.fault != Fault::death && started && !world.refusals.empty()) {
    EXPECT_EQ(world.fatal, 1) << "a log that stopped writing says so";
    for (const core::ErrorCode code : world.refusals) EXPECT_EQ(code, core::ErrorCode::storage_failed);
  }
  crash.power ? world.power_off() : world.kill();
  world.check();
  world.power_off();
  world.check();
  return reached;
}

void crash_everywhere(Crash crash, bool while_opening) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bool reached = true;
    for (std::uint64_t operation = 0; reached; ++operation) {
      reached = crash_at(operation, crash, seed, while_opening);
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", operation " << operation;
      ASSERT_LT(operation, 1000u);
    }
  }
}

TEST(EmbeddedLogPowerLoss, APowerCutAtAnyOperationLosesNothingConfirmed) {
  for (const bool while_opening : {false, true}) crash_everywhere({Fault::death, true}, while_opening);
}

TEST(EmbeddedLogPowerLoss, AKillAtAnyOperationAndAPowerCutAfterTheNextStartLoseNothingConfirmed) {
  for (const bool while_opening : {false, true}) crash_everywhere({Fault::death, false}, while_opening);
}

TEST(EmbeddedLogPowerLoss, AKillAtAnyOperationAndAPowerCutAtAnyOfTheNextOpeningLoseNothingConfirmed) {
  bool kills = true;
  for (std::uint64_t killed_at = 0; kills; ++killed_at) {
    bool opening = true;
    for (std::uint64_t cut_at = 0; opening; ++cut_at) {
      World world(killed_at * 1000 + cut_at);
      world.disk.fail_after(killed_at, Fault::death);
      if (world.start()) world.work();
      kills = world.disk.operations() > killed_at;
      world.kill();
      world.disk.fail_after(cut_at, Fault::death);
      opening = !world.start();
      world.power_off();
      ASSERT_NO_FATAL_FAILURE(world.check()) << "killed at operation " << killed_at << ", cut at " << cut_at;
    }
  }
}

TEST(EmbeddedLogPowerLoss, AnErrorAtAnyOperationIsReportedAndLosesNothingConfirmed) {
  for (const Fault fault : {Fault::error, Fault::no_space}) {
    for (const bool power : {false, true}) {
      for (const bool while_opening : {false, true}) crash_everywhere({fault, power}, while_opening);
    }
  }
}

TEST(EmbeddedLogPowerLoss, NoSequenceOfFaultsLosesWhatWasConfirmed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    World world(seed + 1000);
    for (int round = 0; round < 12; ++round) {
      const bool opens = round % 4 == 3;
      if (!opens) world.disk.fail_after(random() % (random() % 2 == 0 ? 15 : 80), static_cast<Fault>(random() % 3));
      if (opens) {
        world.check();
      } else if (world.start()) {
        world.work();
      }
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", round " << round;
      random() % 2 == 0 ? world.power_off() : world.kill();
    }
  }
}

TEST(EmbeddedLogPowerLoss, ADeadProcessDoesNothingMoreAndHoldsNoLock) {
  World world(1);
  ASSERT_TRUE(world.start());
  world.append_group(3);
  world.write();
  const auto second = world.disk.mount();
  const auto refused = EmbeddedLog::open_log({.directory = "/data/journal", .disk = *second, .writer = Writer::caller});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::unavailable);
  world.append_group(3);
  world.disk.process_killed();
  world.write();
  EXPECT_EQ(world.refusals, std::vector<core::ErrorCode>(3, core::ErrorCode::storage_failed));
  ASSERT_NO_FATAL_FAILURE(world.check());
}

}  // namespace
}  // namespace adapters::embedded_log
