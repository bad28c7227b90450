// If these fail, the state after a power cut or on a bad disk is one that never was, and whoever folds on from it is
// wrong about money.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <array>
#include <random>
#include <string>

#include "adapters/files/temporary_directory.h"
#include "adapters/files/testing/simulated_disk.h"
#include "adapters/rocksdb/state.h"
#include "adapters/rocksdb/test_disk_file_system.h"

namespace adapters::rocksdb {
namespace {

using files::SimulatedDisk;
using Fault = SimulatedDisk::Fault;

constexpr std::uint32_t partitions = 3;

// A state on a disk of its own, and how many writes each partition was given.
class World {
 public:
  explicit World(std::uint64_t seed) : random(seed), disk([this] { return disk_random_(); }), disk_random_(seed) {}

  core::Result<void> start() {
    stop();
    mounted_ = disk.mount();
    environment_ =
        std::make_unique<ImpatientEnv>(::rocksdb::NewCompositeEnv(std::make_shared<DiskFileSystem>(*mounted_)));
    auto opened = RocksdbState::open_state(
        directory_.path() / "state", partitions,
        {.block_cache_bytes = 1u << 20, .write_buffer_bytes = 64u << 10, .environment = environment_.get()});
    if (!opened) return opened.error();
    state_ = std::move(*opened);
    return {};
  }
  void stop() {
    state_.reset();
    environment_.reset();
  }

  // Each write moves two rows to its number, so that one that was kept in part shows.
  core::Result<void> write() {
    for (int number = 0; number < 250; ++number) {
      for (std::uint32_t index = 0; index < partitions; ++index) {
        const std::string next = std::to_string(written_[index]);
        const auto written = state_->write(
            core::Partition(index), {{row(written_[index]), std::string(300, 'x')}, {"newest", next}, {"twin", next}});
        if (!written) return written;
        ++written_[index];
      }
      if (random() % 80 != 0) continue;
      if (const auto flushed = state_->flush(); !flushed) return flushed;
      durable_ = written_;
    }
    return {};
  }

  // Of each partition a prefix is there that has all that was flushed. An error is what reading met.
  core::Result<void> check() {
    for (std::uint32_t index = 0; index < partitions; ++index) {
      const core::Partition partition(index);
      int rows = 0;
      const auto scanned = state_->scan(partition, "row ", "row!", [&](std::string_view key, std::string_view value) {
        EXPECT_EQ(key, row(rows));
        EXPECT_EQ(value, std::string(300, 'x'));
        ++rows;
        return true;
      });
      if (!scanned) return scanned;
      for (const char* key : {"newest", "twin"}) {
        const auto value = state_->get(partition, key);
        if (!value) return value.error();
        EXPECT_EQ(*value, rows == 0 ? std::nullopt : std::optional(std::to_string(rows - 1)));
      }
      EXPECT_GE(rows, durable_[index]) << "what was flushed is gone";
      EXPECT_LE(rows, written_[index] + 1);
      lost += written_[index] - std::min(rows, written_[index]);
      written_[index] = durable_[index] = rows;
    }
    return {};
  }

  // As the service does when it does not open: the journal has it all.
  void begin_again() {
    stop();
    disk.process_killed();
    mounted_ = disk.mount();
    for (const std::string& name : *mounted_->list(directory_.path() / "state"))
      ASSERT_TRUE(mounted_->remove(directory_.path() / "state" / name));
    written_ = durable_ = {};
  }

  std::mt19937_64 random;
  SimulatedDisk disk;
  int lost = 0;

 private:
  static std::string row(int number) { return fmt::format("row {:08}", number); }

  std::mt19937_64 disk_random_;
  files::TemporaryDirectory directory_;
  std::unique_ptr<files::Disk> mounted_;
  std::unique_ptr<::rocksdb::Env> environment_;
  std::unique_ptr<RocksdbState> state_;
  std::array<int, partitions> written_{};
  std::array<int, partitions> durable_{};
};

TEST(RocksdbStatePowerLoss, APrefixOfEachPartitionsWritesIsLeftWithAllThatWasFlushed) {
  int lost = 0;
  int lives = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World world(seed);
    for (int life = 0; life < 6; ++life, ++lives) {
      const bool faulty = life % 2 == 0;
      if (faulty) world.disk.fail_after(world.random() % 400, world.random() % 2 == 0 ? Fault::error : Fault::death);
      auto done = world.start();
      const bool opened = done.has_value();
      if (!opened) {
        // Else it is not begun again, and never opens.
        ASSERT_TRUE(faulty || done.error().code == core::ErrorCode::storage_failed);
      }
      if (!opened && !faulty) {
        ASSERT_NO_FATAL_FAILURE(world.begin_again());
        ++refused;
      }
      if (done) done = world.check();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", life " << life;
      if (done) done = world.write();
      if (opened && !done) {
        ASSERT_EQ(done.error().code, core::ErrorCode::storage_failed);
      }
      world.random() % 4 == 0 ? world.disk.process_killed() : world.disk.power_off();
    }
    lost += world.lost;
  }
  EXPECT_GT(lost, 0) << "nothing was lost, so nothing was tested";
  EXPECT_LT(refused, lives / 20) << "it should open almost always";
}

TEST(RocksdbStatePowerLoss, AFullDiskIsReportedAndWhatWasFlushedStays) {
  World world(1);
  ASSERT_TRUE(world.start());
  ASSERT_TRUE(world.write());
  world.disk.set_faults({.no_space = 1});
  core::Result<void> done = {};
  for (int i = 0; i < 5 && done; ++i) done = world.write();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::ErrorCode::storage_failed);
  world.disk.set_faults({});
  world.disk.power_off();
  const auto started = world.start();
  ASSERT_TRUE(started) << started.error().detail;
  ASSERT_TRUE(world.check());
}

TEST(RocksdbStatePowerLoss, BytesThatTurnedOnTheDiskAreNeverRows) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    ASSERT_TRUE(world.start());
    ASSERT_TRUE(world.write());
    world.disk.power_off();
    world.disk.set_faults({.bit_flip = 0.02});
    auto done = world.start();
    if (done) done = world.check();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    if (done) continue;
    ++refused;
  }
  EXPECT_GT(refused, 0) << "no byte was met that had turned, so nothing was tested";
}

}  // namespace
}  // namespace adapters::rocksdb
