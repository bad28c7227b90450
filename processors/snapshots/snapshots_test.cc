// If these fail, a partition begins with a state that is not that of its journal, or cannot begin although it could.
#include "processors/snapshots/snapshots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processors/state_digest.h"
#include "processors/testing/fake_blobs.h"
#include "processors/testing/loop_life.h"
#include "processors/testing/null_log.h"
#include "processors/testing/test_signer.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::HasSubstr;

class Snapshots : public ::testing::Test {
 protected:
  // A state with a snapshot in the middle of its life, and one at its end.
  void SetUp() override {
    LoopLife life(world_);
    ASSERT_TRUE(life.begin());
    open_account(life);
    take();
    live_a_little(life);
    take();
    life.carry_out(lock_quote("behind", plan(1, 2, cents(10))));
    names_ = *list_snapshots(blobs_, partition);
    ASSERT_EQ(names_.size(), 2u);
    rows_ = rows_of(world_.store);
  }

  schemas::SnapshotManifest take() {
    const auto taken = take_snapshot(world_.store, partition, blobs_, signer_, world_.clock.now());
    EXPECT_TRUE(taken) << taken.error().detail;
    return *taken;
  }
  schemas::SnapshotManifest manifest(std::size_t index) const { return *read_snapshot(blobs_, signer_, names_[index]); }
  void put(const schemas::SnapshotManifest& manifest) {
    auto again = manifest;
    again.signature = signer_.sign(schemas::signed_text(again));
    ASSERT_TRUE(blobs_.put(name_of(again), schemas::encode_manifest(again)));
  }

  // A term that begins without state: it must end up with the same rows. Where it began says what it read.
  void expect_begins_at(std::int64_t offset) {
    class Reader final : public JournalReader {
     public:
      explicit Reader(Journal& journal) : journal_(journal) {}
      core::Result<core::Offset> first(core::Partition of) override { return journal_.first(of); }
      core::Result<core::Offset> read(core::Partition of, core::Offset from, const Visit& visit) override {
        last = from;
        if (!folded) folded = from;
        return journal_.read(of, from, visit);
      }
      std::optional<core::Offset> folded;
      core::Offset last;

     private:
      Journal& journal_;
    };
    Reader reader(world_.journal);
    LoopWorld& world = world_;
    SnapshotRestore restore(blobs_, signer_, world.metrics, log_);
    world.history = &reader;
    world.snapshots = &restore;
    FakeStore fresh;
    LoopLife life(world, fresh, "fresh");
    const auto begun = life.loop.recover();
    ASSERT_TRUE(begun) << begun.error().detail;
    EXPECT_EQ(rows_of(fresh), rows_);
    ASSERT_TRUE(reader.folded);
    EXPECT_EQ(*reader.folded, core::Offset(offset)) << "where the first reading began";
  }

  LoopWorld world_;
  FakeBlobs blobs_;
  TestSigner signer_;
  NullLog log_;
  std::vector<std::string> names_;
  FakeStore::Rows rows_;
};

TEST_F(Snapshots, the_digest_of_the_blob_is_the_digest_of_the_state) {
  const auto taken = take();
  const auto digest = digest_of_state(world_.store, partition);
  ASSERT_TRUE(digest);
  EXPECT_EQ(taken.blob, digest->digest);
  EXPECT_EQ(taken.position.next, world_.journal.end(partition));
  FakeStore store;
  ASSERT_TRUE(load_snapshot(blobs_, taken, store));
  EXPECT_EQ(store.rows(partition), world_.store.rows(partition));
}

TEST_F(Snapshots, a_partition_without_state_begins_with_the_newest_one) {
  expect_begins_at(manifest(1).position.next.value());
}

TEST_F(Snapshots, one_that_does_not_hold_is_passed_over_for_the_one_before) {
  const std::int64_t older = manifest(0).position.next.value();
  const auto sound = manifest(1);
  const std::string text = schemas::encode_manifest(sound);
  // Half a manifest, another signature, a changed member, another row format, another partition's, a chain that the
  // journal does not continue; a blob that is gone.
  ASSERT_TRUE(blobs_.put(names_[1], text.substr(0, text.size() / 2)));
  expect_begins_at(older);
  auto forged = sound;
  forged.signature = TestSigner("another").sign(schemas::signed_text(forged));
  ASSERT_TRUE(blobs_.put(names_[1], schemas::encode_manifest(forged)));
  expect_begins_at(older);
  auto changed = sound;
  changed.rows += 1;
  ASSERT_TRUE(blobs_.put(names_[1], schemas::encode_manifest(changed)));
  expect_begins_at(older);
  auto format = sound;
  format.row_format = row_format + 1;
  put(format);
  expect_begins_at(older);
  auto foreign = sound;
  foreign.partition += 1;
  foreign.signature = signer_.sign(schemas::signed_text(foreign));
  ASSERT_TRUE(blobs_.put(names_[1], schemas::encode_manifest(foreign)));
  expect_begins_at(older);
  auto unchained = sound;
  unchained.position.chain = std::string(64, 'a');
  put(unchained);
  // The reading that finds it out begins there, the fold does not.
  {
    SnapshotRestore restore(blobs_, signer_, world_.metrics, log_);
    FakeStore store;
    const auto restored = restore.restore(partition, world_.journal.end(partition), world_.journal, store);
    ASSERT_TRUE(restored && *restored);
    const auto digest = digest_of_state(store, partition);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->position.next.value(), older);
  }
  put(sound);
  ASSERT_TRUE(blobs_.remove_blob(sound.blob));
  SnapshotRestore restore(blobs_, signer_, world_.metrics, log_);
  FakeStore store;
  const auto restored = restore.restore(partition, world_.journal.end(partition), world_.journal, store);
  ASSERT_TRUE(restored && *restored);
  EXPECT_EQ(digest_of_state(store, partition)->position.next.value(), older);
}

TEST_F(Snapshots, without_a_valid_one_a_partition_begins_at_the_beginning) {
  for (std::size_t i = 0; i < names_.size(); ++i) ASSERT_TRUE(blobs_.remove_blob(manifest(i).blob));
  LoopWorld& world = world_;
  SnapshotRestore restore(blobs_, signer_, world.metrics, log_);
  world.snapshots = &restore;
  FakeStore fresh;
  ASSERT_TRUE(fresh.write(partition, {{"Z left by a restore that did not finish", "{}"}}));
  LoopLife life(world, fresh, "fresh");
  ASSERT_TRUE(life.loop.recover());
  EXPECT_EQ(rows_of(fresh), rows_);
}

TEST_F(Snapshots, one_behind_the_end_of_the_journal_refuses_as_such_a_state_does) {
  world_.journal.cut_off(partition, core::Offset(manifest(1).position.next.value() - 1));
  SnapshotRestore restore(blobs_, signer_, world_.metrics, log_);
  world_.snapshots = &restore;
  FakeStore fresh;
  LoopLife life(world_, fresh, "fresh");
  const auto begun = life.loop.recover();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, core::ErrorCode::log_corrupt);
  EXPECT_THAT(begun.error().detail, HasSubstr("records are missing"));
}

TEST_F(Snapshots, a_state_that_is_there_is_not_replaced) {
  SnapshotRestore restore(blobs_, signer_, world_.metrics, log_);
  world_.snapshots = &restore;
  for (std::size_t i = 0; i < names_.size(); ++i) ASSERT_TRUE(blobs_.remove_blob(manifest(i).blob));
  LoopLife life(world_, "again");
  ASSERT_TRUE(life.loop.recover());
  EXPECT_EQ(rows_of(world_.store), rows_);
}

TEST_F(Snapshots, any_byte_of_the_rows_that_is_changed_is_noticed) {
  const auto sound = manifest(0);
  for (std::size_t at = 0; at < sound.bytes; at += 7) {
    blobs_.flip_bit(sound.blob, at);
    FakeStore store;
    ASSERT_FALSE(verify_snapshot(blobs_, sound)) << at;
    ASSERT_FALSE(load_snapshot(blobs_, sound, store)) << at;
    ASSERT_FALSE(store.rows(partition).contains(schemas::position_key)) << "such a state would be taken for whole";
    blobs_.flip_bit(sound.blob, at);
  }
  EXPECT_TRUE(verify_snapshot(blobs_, sound));
}

TEST_F(Snapshots, half_a_snapshot_is_none) {
  blobs_.fail_next_put();
  EXPECT_FALSE(take_snapshot(world_.store, partition, blobs_, signer_, world_.clock.now()));
  EXPECT_EQ(*list_snapshots(blobs_, partition), names_);
  expect_begins_at(manifest(1).position.next.value());
}

TEST_F(Snapshots, the_newest_are_kept_and_a_blob_goes_with_its_last_manifest) {
  const auto oldest = manifest(0);
  take();
  ASSERT_TRUE(prune_snapshots(blobs_, partition, 2));
  const auto names = list_snapshots(blobs_, partition);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->size(), 2u);
  EXPECT_EQ(names->front(), names_[1]);
  EXPECT_FALSE(blobs_.open(oldest.blob));
  EXPECT_TRUE(blobs_.open(manifest(1).blob));
}

}  // namespace
}  // namespace processors
