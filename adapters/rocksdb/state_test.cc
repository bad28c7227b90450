// If these fail, a fold can read rows that were never together, or keep later writes without the earlier ones.
#include "adapters/rocksdb/state.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <utility>

#include "adapters/files/temporary_directory.h"

namespace adapters::rocksdb {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t partitions = 3;

class RocksdbStateTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  std::filesystem::path path() const { return directory_.path() / "state"; }

  void reopen() {
    state_.reset();
    auto opened = RocksdbState::open_state(path(), partitions, {});
    ASSERT_TRUE(opened) << opened.error().detail;
    state_ = std::move(*opened);
  }

  void put(core::Partition partition, const Rows& rows) {
    std::vector<processors::RowChange> changes;
    for (const auto& [key, value] : rows) changes.push_back({key, value});
    const auto written = state_->write(partition, changes);
    ASSERT_TRUE(written) << written.error().detail;
  }

  std::optional<std::string> get(core::Partition partition, std::string_view key) const {
    const auto value = state_->get(partition, key);
    EXPECT_TRUE(value) << value.error().detail;
    return value ? *value : std::nullopt;
  }

  Rows scan(core::Partition partition, std::string_view from, std::string_view to, std::size_t limit = 1000) const {
    Rows rows;
    const auto scanned = state_->scan(partition, from, to, collect(rows, limit));
    EXPECT_TRUE(scanned) << scanned.error().detail;
    return rows;
  }

  Rows scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                    std::size_t limit = 1000) const {
    Rows rows;
    const auto scanned = state_->scan_reverse(partition, from, to, collect(rows, limit));
    EXPECT_TRUE(scanned) << scanned.error().detail;
    return rows;
  }

  static RocksdbState::Visit collect(Rows& rows, std::size_t limit) {
    return [&rows, limit](std::string_view key, std::string_view value) {
      rows.emplace_back(key, value);
      return rows.size() < limit;
    };
  }

  files::TemporaryDirectory directory_;
  std::unique_ptr<RocksdbState> state_;
  const core::Partition first_{0};
  const core::Partition second_{1};
};

TEST_F(RocksdbStateTest, AWritePutsAndDeletesTogether) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}, {"b", "2"}, {std::string("\0key", 4), std::string("\0\xFF", 2)}}));
  ASSERT_TRUE(state_->write(first_, {{"a", std::nullopt}, {"b", "3"}, {"c", ""}, {"b", "4"}}));
  EXPECT_EQ(get(first_, "a"), std::nullopt);
  EXPECT_EQ(get(first_, "b"), "4");
  EXPECT_EQ(get(first_, "c"), "");
  EXPECT_EQ(get(first_, std::string_view("\0key", 4)), std::string("\0\xFF", 2));
  EXPECT_EQ(get(second_, "b"), std::nullopt) << "partitions are apart";
}

TEST_F(RocksdbStateTest, ScansKeepTheirBoundsInBothDirections) {
  for (const bool flushed : {false, true}) {
    ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}, {"b", "2"}, {"ba", "3"}, {"c", "4"}, {"\xFF", "5"}}));
    if (flushed) {
      ASSERT_TRUE(state_->flush());
    }
    EXPECT_THAT(scan(first_, "b", "c"), ElementsAre(Pair("b", "2"), Pair("ba", "3")));
    EXPECT_THAT(scan_reverse(first_, "b", "c"), ElementsAre(Pair("ba", "3"), Pair("b", "2")));
    EXPECT_THAT(scan(first_, "", "b"), ElementsAre(Pair("a", "1")));
    EXPECT_THAT(scan_reverse(first_, "bz", "\xFF\xFF"), ElementsAre(Pair("\xFF", "5"), Pair("c", "4")));
    EXPECT_THAT(scan(first_, "a", "\xFF\xFF", 2), ElementsAre(Pair("a", "1"), Pair("b", "2")));
    EXPECT_THAT(scan_reverse(first_, "a", "\xFF\xFF", 1), ElementsAre(Pair("\xFF", "5")));
    EXPECT_THAT(scan(first_, "b", "b"), IsEmpty());
    EXPECT_THAT(scan(first_, "c", "b"), IsEmpty());
    EXPECT_THAT(scan_reverse(first_, "c", "b"), IsEmpty());
    EXPECT_THAT(scan(first_, "d", "e"), IsEmpty());
  }
}

TEST_F(RocksdbStateTest, AScanSeesOneMoment) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "old"}, {"b", "old"}, {"c", "old"}}));
  Rows rows;
  ASSERT_TRUE(state_->scan(first_, "a", "z", [&](std::string_view key, std::string_view value) {
    if (rows.empty()) {
      EXPECT_TRUE(state_->write(first_, {{"b", "new"}, {"c", std::nullopt}, {"d", "new"}}));
    }
    rows.emplace_back(key, value);
    return true;
  }));
  EXPECT_THAT(rows, ElementsAre(Pair("a", "old"), Pair("b", "old"), Pair("c", "old")));
  EXPECT_THAT(scan(first_, "a", "z"), ElementsAre(Pair("a", "old"), Pair("b", "new"), Pair("d", "new")));
}

TEST_F(RocksdbStateTest, WipingForgetsOnePartitionOnly) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}}));
  ASSERT_NO_FATAL_FAILURE(put(second_, {{"a", "2"}}));
  ASSERT_TRUE(state_->flush());
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"b", "1"}}));
  ASSERT_TRUE(state_->wipe(first_));
  EXPECT_THAT(scan(first_, "", "z"), IsEmpty());
  EXPECT_EQ(get(second_, "a"), "2");
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"c", "3"}}));
  ASSERT_NO_FATAL_FAILURE(reopen());
  EXPECT_THAT(scan(first_, "", "z"), ElementsAre(Pair("c", "3")));
  EXPECT_EQ(get(second_, "a"), "2");
}

TEST_F(RocksdbStateTest, ReadsMayRunWhileTheirPartitionIsWiped) {
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const std::size_t rows = scan(first_, "a", "z").size();
      EXPECT_TRUE(rows == 0 || rows == 2) << rows;
      get(first_, "b");
    }
  });
  for (int round = 0; round < 20; ++round) {
    ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}, {"b", "2"}}));
    ASSERT_TRUE(state_->wipe(first_));
  }
  done = true;
  reader.join();
}

TEST_F(RocksdbStateTest, AFlushAndAGoodEndKeepEverything) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"flushed", "1"}}));
  ASSERT_TRUE(state_->flush());
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"not flushed", "2"}}));
  ASSERT_NO_FATAL_FAILURE(reopen());
  EXPECT_EQ(get(first_, "flushed"), "1");
  EXPECT_EQ(get(first_, "not flushed"), "2");
}

TEST_F(RocksdbStateTest, ASecondOwnerIsRefusedAndCannotDestroyIt) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}}));
  EXPECT_FALSE(RocksdbState::open_state(path(), partitions, {}));
  EXPECT_FALSE(destroy_state(path()));
  ASSERT_NO_FATAL_FAILURE(reopen());
  EXPECT_EQ(get(first_, "a"), "1");
}

TEST_F(RocksdbStateTest, ADamagedStateIsAnErrorAndCanBeDestroyedAndBegunAgain) {
  ASSERT_NO_FATAL_FAILURE(put(first_, {{"a", "1"}}));
  state_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("MANIFEST")) std::ofstream(entry.path()) << "not a manifest";
  }
  const auto damaged = RocksdbState::open_state(path(), partitions, {});
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, core::ErrorCode::storage_failed);
  const auto destroyed = destroy_state(path());
  ASSERT_TRUE(destroyed) << destroyed.error().detail;
  ASSERT_NO_FATAL_FAILURE(reopen());
  EXPECT_THAT(scan(first_, "", "z"), IsEmpty());
  EXPECT_TRUE(destroy_state(directory_.path() / "nothing here"));
}

TEST_F(RocksdbStateTest, ASecondaryReadsWhatWasFlushedBesideTheOwnerAndChangesNothing) {
  const core::Partition partition(1);
  put(partition, {{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(state_->flush());
  put(partition, {{"c", "not flushed"}});
  const auto secondary = RocksdbState::open_secondary(path(), partitions, {});
  ASSERT_TRUE(secondary) << secondary.error().detail;
  Rows rows;
  ASSERT_TRUE((*secondary)->scan(partition, "a", "z", collect(rows, 10)));
  EXPECT_THAT(rows, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_FALSE((*secondary)->write(partition, {{"d", "4"}}));
  // The owner goes on, and compacts away the files that the secondary reads.
  for (int round = 0; round < 8; ++round) {
    put(partition, {{"a", std::to_string(round)}});
    ASSERT_TRUE(state_->flush());
  }
  rows.clear();
  ASSERT_TRUE((*secondary)->scan(partition, "a", "z", collect(rows, 10)));
  EXPECT_THAT(rows, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_EQ(get(partition, "c"), "not flushed");
  EXPECT_FALSE(RocksdbState::open_secondary(path(), partitions + 1, {}));
  EXPECT_FALSE(RocksdbState::open_secondary(directory_.path() / "nothing", partitions, {}));
}

TEST_F(RocksdbStateTest, AStateOfMorePartitionsIsRefused) {
  state_.reset();
  EXPECT_FALSE(RocksdbState::open_state(path(), partitions - 1, {}));
}

constexpr int writes = 4000;

// Each write moves two rows to the same number, so a write that was kept in part shows.
void write_until_killed(const std::filesystem::path& path) {
  const Settings tiny{.block_cache_bytes = 1u << 20, .write_buffer_bytes = 256u << 10};
  auto state = RocksdbState::open_state(path, partitions, tiny);
  if (!state) std::abort();
  for (int number = 0; number < writes; ++number) {
    for (std::uint32_t partition = 0; partition < partitions; ++partition) {
      const std::string key = fmt::format("row {:08}", number);
      const auto written = (*state)->write(core::Partition(partition), {{key, std::string(200 + partition * 100, 'x')},
                                                                        {"newest", std::to_string(number)},
                                                                        {"twin", std::to_string(number)}});
      if (!written) std::abort();
    }
  }
  std::raise(SIGKILL);
}

TEST(RocksdbStateCrash, EachPartitionHoldsAPrefixOfItsWrites) {
  // The child is this program started anew, since RocksDB's threads do not live through a fork.
  constexpr const char* variable = "BATCHROUTER_TEST_CRASH_PATH";
  std::optional<files::TemporaryDirectory> directory;
  if (::getenv(variable) == nullptr) {
    directory.emplace();
    ASSERT_EQ(::setenv(variable, directory->path().c_str(), /*overwrite=*/1), 0);
  }
  const std::filesystem::path path = ::getenv(variable);
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(write_until_killed(path), testing::KilledBySignal(SIGKILL), "");
  ASSERT_EQ(::unsetenv(variable), 0);

  const auto state = RocksdbState::open_state(path, partitions, {});
  ASSERT_TRUE(state) << state.error().detail;
  std::size_t survivors = 0;
  for (std::uint32_t index = 0; index < partitions; ++index) {
    const core::Partition partition(index);
    int rows = 0;
    ASSERT_TRUE((*state)->scan(partition, "row ", "row!", [&](std::string_view key, std::string_view) {
      EXPECT_EQ(key, fmt::format("row {:08}", rows));
      ++rows;
      return true;
    }));
    for (const char* key : {"newest", "twin"}) {
      const auto value = (*state)->get(partition, key);
      ASSERT_TRUE(value) << value.error().detail;
      EXPECT_EQ(*value, rows == 0 ? std::nullopt : std::optional(std::to_string(rows - 1)));
    }
    survivors += static_cast<std::size_t>(rows);
  }
  EXPECT_GT(survivors, 0u) << "nothing was flushed, so nothing was tested";
  // A full buffer is flushed by the write after it, whichever partition that is for: only the very last write is sure
  // to be lost.
  EXPECT_LT(survivors, std::size_t{partitions} * writes) << "nothing was lost, so nothing was tested";
}

}  // namespace
}  // namespace adapters::rocksdb
