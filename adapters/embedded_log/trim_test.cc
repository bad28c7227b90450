// If these fail, trimming loses records that were not given up, or a crash amid it leaves a log that does not open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/embedded_log/base.h"
#include "adapters/embedded_log/embedded_log.h"
#include "adapters/embedded_log/segment.h"
#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::embedded_log {
namespace {

using namespace processors;  // the conformance suite's helpers

constexpr std::uint32_t segment_bytes = 4096;
const core::Partition first(0);
const core::Partition second(1);
const core::Partition third(2);

class Trim : public testing::Test {
 protected:
  // Ten segments with three records of the first partition, and one of the second in each; the third's are in the first
  // segment only.
  void SetUp() override {
    open();
    put(third, "of the third");
    for (int i = 0; i < 30; ++i) {
      put(first, std::string(1000, static_cast<char>('a' + i % 26)));
      if (i % 3 == 0) put(second, std::string(600, 'x'));
    }
    ASSERT_GT(segments().size(), 8u);
  }

  void open() {
    log_.reset();
    auto opened = EmbeddedLog::open_log({.directory = directory_.path(), .segment_bytes = segment_bytes});
    ASSERT_TRUE(opened) << opened.error().detail;
    log_ = std::move(*opened);
  }
  void put(core::Partition partition, std::string value, std::int64_t epoch = 3) {
    ASSERT_TRUE(append_and_wait(*log_, partition, journal_record(std::move(value), epoch)));
    ++ends_[partition];
  }
  std::vector<FirstSequence> segments() const { return *list_segments(files::posix_disk(), directory_.path()); }
  std::int64_t kept_from(core::Partition partition) const { return log_->first(partition)->value(); }

  // All that is kept reads well, up to the end.
  void check(core::Partition partition) {
    const std::int64_t from = kept_from(partition);
    const auto records = read_records(*log_, partition, core::Offset(from));
    ASSERT_EQ(records.size(), static_cast<std::size_t>(ends_[partition] - from));
    for (const StoredRecord& stored : records) {
      if (partition != first) continue;
      EXPECT_EQ(stored.record.value[0], static_cast<char>('a' + stored.offset.value() % 26));
    }
    const auto end = log_->open(partition, [](const core::Error&) {});
    ASSERT_TRUE(end) << end.error().detail;
    EXPECT_EQ(*end, core::Offset(ends_[partition]));
  }
  void check_all() {
    for (const core::Partition partition : {first, second, third}) check(partition);
  }

  files::TemporaryDirectory directory_;
  std::unique_ptr<EmbeddedLog> log_;
  std::map<core::Partition, std::int64_t> ends_;
};

TEST_F(Trim, ASegmentGoesWhenEveryPartitionHasGivenItUp) {
  const std::size_t before = segments().size();
  ASSERT_TRUE(log_->trim(first, core::Offset(20)));
  ASSERT_TRUE(log_->trim(second, core::Offset(4)));
  EXPECT_EQ(segments().size(), before) << "the third partition has a record in the first segment";
  ASSERT_TRUE(log_->trim(third, core::Offset(1)));
  EXPECT_LT(segments().size(), before);
  EXPECT_LE(kept_from(second), 4);
  EXPECT_GT(kept_from(second), 1);
  EXPECT_LE(kept_from(first), 3 * 4);
  EXPECT_EQ(kept_from(third), 1);
  ASSERT_NO_FATAL_FAILURE(check_all());
  for (int pass = 0; pass < 2; ++pass) {
    open();
    ASSERT_NO_FATAL_FAILURE(check_all());
    EXPECT_EQ(kept_from(third), 1);
    put(third, "goes on");
    put(first, std::string(1000, static_cast<char>('a' + ends_[first] % 26)));
    ASSERT_NO_FATAL_FAILURE(check_all());
  }
}

TEST_F(Trim, TheLastSegmentStaysAndTheNewestEpochIsRemembered) {
  for (const core::Partition partition : {first, second, third})
    ASSERT_TRUE(log_->trim(partition, core::Offset(1'000'000)));
  EXPECT_EQ(segments().size(), 1u);
  open();
  ASSERT_NO_FATAL_FAILURE(check_all());
  const auto late = append_and_wait(*log_, third, journal_record("of a replaced owner", 2));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, core::ErrorCode::fenced);
}

TEST_F(Trim, ACrashAtAnyPointLeavesALogThatOpensWithAllThatIsKept) {
  // As it was, as it is after the base was written and none, some and all of the files were removed.
  std::map<FirstSequence, std::string> files;
  for (const FirstSequence segment : segments())
    files[segment] = *files::read_whole(segment_path(directory_.path(), segment));
  for (const core::Partition partition : {first, second, third})
    ASSERT_TRUE(log_->trim(partition, core::Offset(partition == first ? 20 : partition == second ? 6 : 1)));
  const std::vector<FirstSequence> kept = segments();
  const std::int64_t first_kept = kept_from(first);
  log_.reset();
  std::vector<FirstSequence> removed;
  for (const auto& [segment, bytes] : files)
    if (segment < kept.front()) removed.push_back(segment);
  ASSERT_GE(removed.size(), 3u);
  for (std::size_t gone = 0; gone <= removed.size(); ++gone) {
    for (std::size_t i = 0; i < removed.size(); ++i) {
      const auto path = segment_path(directory_.path(), removed[i]);
      // The files may come to be removed on the disk in any order: here the later ones first.
      if (i + gone >= removed.size()) continue;
      ASSERT_TRUE(files::write_durably(path, files[removed[i]]));
    }
    open();
    ASSERT_EQ(segments(), kept) << gone << " files were gone";
    EXPECT_EQ(kept_from(first), first_kept);
    ASSERT_NO_FATAL_FAILURE(check_all());
  }
  // Before the base was written: everything is there.
  log_.reset();
  std::filesystem::remove(directory_.path() / "base");
  for (const FirstSequence segment : removed)
    ASSERT_TRUE(files::write_durably(segment_path(directory_.path(), segment), files[segment]));
  open();
  EXPECT_EQ(kept_from(first), 0);
  ASSERT_NO_FATAL_FAILURE(check_all());
}

TEST_F(Trim, AReadingGoesOnWhileItsSegmentsAreTrimmed) {
  std::int64_t next = 0;
  const auto end = log_->read(first, core::Offset(0), [&](const StoredRecord& stored) {
    EXPECT_EQ(stored.offset, core::Offset(next++));
    if (next == 2) {
      for (const core::Partition partition : {first, second, third})
        EXPECT_TRUE(log_->trim(partition, core::Offset(1'000'000)));
    }
    return true;
  });
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, core::ErrorCode::log_corrupt);
  EXPECT_THAT(end.error().detail, testing::HasSubstr("were trimmed"));
}

TEST_F(Trim, ADamagedBaseOrAMissingFirstSegmentIsRefused) {
  for (const core::Partition partition : {first, second, third}) ASSERT_TRUE(log_->trim(partition, core::Offset(12)));
  log_.reset();
  const auto path = directory_.path() / "base";
  const std::string sound = *files::read_whole(path);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(files::write_durably(path, damaged));
    const auto opened = EmbeddedLog::open_log({.directory = directory_.path(), .segment_bytes = segment_bytes});
    ASSERT_FALSE(opened) << "byte " << at;
    ASSERT_EQ(opened.error().code, core::ErrorCode::log_corrupt);
  }
  ASSERT_TRUE(files::write_durably(path, sound));
  std::filesystem::remove(segment_path(directory_.path(), segments().front()));
  EXPECT_FALSE(EmbeddedLog::open_log({.directory = directory_.path(), .segment_bytes = segment_bytes}));
}

}  // namespace
}  // namespace adapters::embedded_log
