// If these fail, records are trimmed that nobody has any more, or an archive passes for the journal that it is not.
#include "processors/archive/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "processors/archive/archived_journal.h"
#include "processors/archive/trim.h"
#include "processors/object_name.h"
#include "processors/snapshots/snapshots.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/loop_life.h"
#include "processors/testing/null_log.h"
#include "processors/testing/test_signer.h"
#include "processors/upkeep/upkeep.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::HasSubstr;

constexpr std::uint64_t small_chunk = 4'000;  // bytes: a few records

// Something happens while it is read.
class BusyJournal final : public JournalReader {
 public:
  BusyJournal(JournalReader& journal, std::function<void()> meanwhile)
      : journal_(journal), meanwhile_(std::move(meanwhile)) {}

  core::Result<core::Offset> first(core::Partition of) override { return journal_.first(of); }
  core::Result<core::Offset> read(core::Partition of, core::Offset from, const Visit& visit) override {
    meanwhile_();
    return journal_.read(of, from, visit);
  }

 private:
  JournalReader& journal_;
  std::function<void()> meanwhile_;
};

class Archive : public ::testing::Test {
 protected:
  void SetUp() override {
    live();
    end_ = world_.journal.end(partition);
    everything_ = read(world_.journal);
  }

  void live() {
    LoopLife life(world_);
    ASSERT_TRUE(life.begin());
    if (world_.journal.end(partition).value() < 3) open_account(life);
    for (int i = 0; i < 30; ++i) {
      life.carry_out(lock_quote("quote_" + std::to_string(next_quote_++), plan(1, 2, cents(10))));
      world_.clock.advance(std::chrono::hours(2));
    }
  }

  static std::vector<JournalRecord> read(JournalReader& journal, core::Offset from = core::Offset(0)) {
    std::vector<JournalRecord> records;
    const auto end = journal.read(partition, from, [&](const StoredRecord& stored) {
      EXPECT_EQ(stored.offset.value(), from.value() + static_cast<std::int64_t>(records.size()));
      records.push_back(stored.record);
      return true;
    });
    EXPECT_TRUE(end) << end.error().detail;
    return records;
  }
  static void expect_equal(const std::vector<JournalRecord>& left, const std::vector<JournalRecord>& right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      ASSERT_EQ(left[i].chain, right[i].chain) << i;
      ASSERT_EQ(left[i].value, right[i].value) << i;
      ASSERT_EQ(left[i].epoch, right[i].epoch) << i;
      ASSERT_EQ(left[i].instance, right[i].instance) << i;
      ASSERT_EQ(left[i].time, right[i].time) << i;
    }
  }
  void archive(std::int64_t before) {
    const auto done = archive_partition(world_.journal, blobs_, signer_, partition,
                                        {.before = core::Offset(before), .chunk_bytes = small_chunk});
    ASSERT_TRUE(done) << done.error().detail;
    ASSERT_EQ(done->end, core::Offset(before));
  }
  std::vector<schemas::ArchiveManifest> manifests() const { return *read_archive(blobs_, signer_, partition); }

  LoopWorld world_;
  FakeBlobs blobs_;
  TestSigner signer_;
  NullLog log_;
  int next_quote_ = 0;
  core::Offset end_;
  std::vector<JournalRecord> everything_;
};

TEST_F(Archive, is_read_with_the_journal_as_one) {
  archive(10);
  archive(10);  // nothing more
  archive(25);
  ASSERT_GT(manifests().size(), 4u);
  ASSERT_TRUE(world_.journal.trim(partition, core::Offset(20)));
  ArchivedJournal both(world_.journal, blobs_, signer_);
  EXPECT_EQ(*both.first(partition), core::Offset(0));
  expect_equal(read(both), everything_);
  for (const std::int64_t from : {7, 19, 20, 24, 25, 30}) {
    const std::vector<JournalRecord> rest(everything_.begin() + from, everything_.end());
    expect_equal(read(both, core::Offset(from)), rest);
  }
  int visited = 0;
  const auto stopped = both.read(partition, core::Offset(2), [&](const StoredRecord&) { return ++visited < 3; });
  ASSERT_TRUE(stopped);
  EXPECT_EQ(*stopped, core::Offset(5));
  EXPECT_EQ(visited, 3);
}

TEST_F(Archive, goes_on_when_the_journal_is_trimmed_while_it_is_read) {
  archive(30);
  ArchivedJournal both(world_.journal, blobs_, signer_);
  std::vector<JournalRecord> records;
  const auto end = both.read(partition, core::Offset(0), [&](const StoredRecord& stored) {
    records.push_back(stored.record);
    if (records.size() == 5) {
      EXPECT_TRUE(world_.journal.trim(partition, core::Offset(28)));
    }
    return true;
  });
  ASSERT_TRUE(end) << end.error().detail;
  expect_equal(records, everything_);
}

TEST_F(Archive, whatever_is_changed_in_it_is_named) {
  archive(30);
  ASSERT_TRUE(world_.journal.trim(partition, core::Offset(30)));
  ArchivedJournal both(world_.journal, blobs_, signer_);
  const auto refused = [&](std::int64_t from) {
    const auto read = both.read(partition, core::Offset(from), [](const StoredRecord&) { return true; });
    EXPECT_FALSE(read);
    return read ? std::string() : read.error().detail;
  };
  const auto chunk = manifests()[1];
  for (std::size_t at = 0; at < chunk.bytes; at += 97) {
    blobs_.flip_bit(chunk.blob, at);
    EXPECT_THAT(refused(0), HasSubstr(name_of(chunk)));
    EXPECT_FALSE(verify_chunk(blobs_, chunk));
    blobs_.flip_bit(chunk.blob, at);
  }
  EXPECT_TRUE(verify_chunk(blobs_, chunk));
  const std::string text = schemas::encode_manifest(chunk);
  for (std::size_t at = 0; at < text.size(); at += 11) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(blobs_.put(name_of(chunk), damaged));
    EXPECT_THAT(refused(0), HasSubstr(name_of(chunk))) << "byte " << at;
  }
  ASSERT_TRUE(blobs_.remove(name_of(chunk)));
  EXPECT_THAT(refused(0), HasSubstr("is missing before it"));
}

TEST_F(Archive, a_damaged_one_does_not_keep_a_whole_journal_from_being_read) {
  archive(25);
  ASSERT_TRUE(blobs_.put(name_of(manifests().front()), "rubbish"));
  ArchivedJournal both(world_.journal, blobs_, signer_);
  expect_equal(read(both), everything_);
}

// Broken: of two archivers the slower could put a shorter chunk in place of one by which the journal was trimmed.
TEST_F(Archive, a_chunk_that_is_there_is_never_made_anew) {
  archive(10);
  const std::string name = object_name("archive", partition, manifests().back().end);
  BusyJournal journal(world_.journal, [&] { EXPECT_TRUE(blobs_.put(name, "of another archiver, just made")); });
  const auto late = archive_partition(journal, blobs_, signer_, partition, {.before = core::Offset(12)});
  EXPECT_FALSE(late);
  const auto there = blobs_.read_segment(name);
  ASSERT_TRUE(there);
  EXPECT_EQ(*(*there)->read(0, 100), "of another archiver, just made");
}

TEST_F(Archive, a_broken_chain_is_not_archived) {
  world_.journal.at(partition, core::Offset(12)).value[20] ^= 1;
  const auto done = archive_partition(world_.journal, blobs_, signer_, partition, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::ErrorCode::log_corrupt);
  EXPECT_THAT(done.error().detail, HasSubstr("/12"));
}

TEST_F(Archive, a_node_without_anything_begins_from_archive_and_journal) {
  archive(25);
  ASSERT_TRUE(world_.journal.trim(partition, core::Offset(25)));
  ArchivedJournal both(world_.journal, blobs_, signer_);
  world_.history = &both;
  FakeStore fresh;
  LoopLife life(world_, fresh, "fresh");
  const auto begun = life.loop.recover();
  ASSERT_TRUE(begun) << begun.error().detail;
  EXPECT_EQ(rows_of(fresh), rows_of(world_.store));
}

TEST_F(Archive, nothing_is_trimmed_that_is_not_archived_and_below_a_snapshot) {
  const auto trim = [&] {
    return trim_archived(world_.journal, world_.store, blobs_, signer_, partition, world_.clock.now());
  };
  ASSERT_TRUE(trim());
  EXPECT_EQ(*world_.journal.first(partition), core::Offset(0)) << "nothing is archived";
  archive(10);
  ASSERT_TRUE(trim());
  EXPECT_EQ(*world_.journal.first(partition), core::Offset(10));
  EXPECT_TRUE(verify_snapshot(blobs_, **newest_snapshot(blobs_, signer_, partition))) << "one was taken";
  // A snapshot that does not hold is none, and a chunk that does not hold stops it.
  archive(20);
  blobs_.flip_bit((*newest_snapshot(blobs_, signer_, partition))->blob, 50);
  ASSERT_TRUE(trim());
  EXPECT_EQ(*world_.journal.first(partition), core::Offset(20));
  EXPECT_TRUE(verify_snapshot(blobs_, **newest_snapshot(blobs_, signer_, partition)));
  archive(30);
  blobs_.flip_bit(manifests().back().blob, 50);
  EXPECT_FALSE(trim());
  EXPECT_EQ(*world_.journal.first(partition), core::Offset(20));
}

TEST_F(Archive, upkeep_takes_snapshots_archives_and_trims_by_age) {
  Upkeep::Settings settings;
  settings.partition_count = partition_count;
  settings.snapshot_interval = std::chrono::hours(1);
  settings.snapshot_records_min = 5;
  settings.archive = true;
  settings.retention = std::chrono::hours(24);
  Upkeep upkeep(settings,
                {world_.store, world_.journal, blobs_, signer_, [](core::Partition of) { return of == partition; },
                 world_.clock.reader(), world_.metrics, log_});
  const core::Timestamp kept_from = world_.clock.now() - settings.retention;
  upkeep.run();
  ASSERT_EQ(list_snapshots(blobs_, partition)->size(), 1u);
  ASSERT_FALSE(manifests().empty());
  const core::Offset first = *world_.journal.first(partition);
  EXPECT_EQ(first, manifests().back().end);
  EXPECT_LT(world_.journal.at(partition, core::Offset(first.value() - 1)).time, kept_from);
  EXPECT_GE(world_.journal.at(partition, first).time, kept_from);
  // Little has come since: nothing is to be done.
  world_.clock.advance(std::chrono::hours(2));
  upkeep.run();
  EXPECT_EQ(list_snapshots(blobs_, partition)->size(), 1u);
  EXPECT_EQ(*world_.journal.first(partition), first);
  for (int day = 0; day < 4; ++day) {
    live();
    upkeep.run();
  }
  EXPECT_EQ(list_snapshots(blobs_, partition)->size(), 2u);
  EXPECT_GT(*world_.journal.first(partition), first);
  ArchivedJournal both(world_.journal, blobs_, signer_);
  EXPECT_EQ(read(both).size(), static_cast<std::size_t>(world_.journal.end(partition).value()));
}

}  // namespace
}  // namespace processors
