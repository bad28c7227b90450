// If these fail, a replay shows an operator another state than the service had, or blames the wrong event.
#include "processors/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "processors/replay/compare.h"
#include "processors/state_digest.h"
#include "processors/testing/loop_life.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::HasSubstr;

// What the service's state was at each offset, while it lived through three terms.
struct Lived {
  LoopWorld world;
  std::map<core::Offset, core::Digest> digests;

  Lived() {
    world.confirmed = [this](core::Partition, core::Offset next) {
      const auto digest = digest_of_state(world.store, partition);
      EXPECT_TRUE(digest);
      digests[next] = digest->digest;
    };
    for (int term = 0; term < 3; ++term) {
      LoopLife life(world, "instance " + std::to_string(term));
      EXPECT_TRUE(life.begin());
      if (term == 0) open_account(life);
      if (term == 1) live_a_little(life);
      for (int i = 0; i < 8; ++i) {
        life.carry_out(lock_quote("quote_" + std::to_string(term) + "_" + std::to_string(i), plan(1, 2, cents(10))));
        world.clock.advance(std::chrono::milliseconds(3));
      }
    }
  }
};

ReplaySettings up_to(core::Offset end) {
  ReplaySettings settings;
  settings.partitions = {partition};
  settings.ends = {{partition, end}};
  return settings;
}

TEST(Replay, the_state_as_of_past_offsets_is_the_one_that_was_there_then) {
  Lived lived;
  ASSERT_GT(lived.digests.size(), 20u);
  std::vector<core::Offset> offsets;
  for (const auto& [offset, digest] : lived.digests) offsets.push_back(offset);
  std::shuffle(offsets.begin(), offsets.end(), std::mt19937(11));
  offsets.resize(10);
  for (const core::Offset offset : offsets) {
    FakeStore store;
    const auto replayed = replay(lived.world.journal, store, up_to(offset), {});
    ASSERT_TRUE(replayed) << replayed.error().detail;
    EXPECT_EQ(replayed->at(0).position.next, offset);
    const auto digest = digest_of_state(store, partition);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->digest, lived.digests[offset]) << "as of offset " << offset.value();
  }
}

TEST(Replay, goes_on_from_where_a_state_stands_and_up_to_a_time) {
  Lived lived;
  const core::Offset middle(9);
  const core::Timestamp time = lived.world.journal.at(partition, middle).time;
  core::Offset behind = middle;  // of the records of that time
  while (lived.world.journal.at(partition, behind).time == time) behind = core::Offset(behind.value() + 1);
  ReplaySettings settings;
  settings.partitions = {partition};
  settings.until = time;
  FakeStore store;
  const auto part = replay(lived.world.journal, store, settings, {});
  ASSERT_TRUE(part) << part.error().detail;
  EXPECT_EQ(part->at(0).position.next, behind);
  settings.until.reset();
  const auto rest = replay(lived.world.journal, store, settings, {});
  ASSERT_TRUE(rest);
  EXPECT_EQ(part->at(0).records + rest->at(0).records,
            static_cast<std::uint64_t>(lived.world.journal.end(partition).value()));
  EXPECT_EQ(store.rows(partition), lived.world.store.rows(partition));
}

TEST(Replay, one_reading_of_all_partitions_gives_the_same) {
  Lived lived;
  const auto reading = [&](const VisitAll& visit) -> core::Result<void> {
    const auto read = lived.world.journal.read(partition, core::Offset(0), [&](const StoredRecord& stored) {
      return visit(core::Partition(partition.value() + 1), stored) && visit(partition, stored);
    });
    return read ? core::Result<void>() : read.error();
  };
  for (const core::Offset end : {lived.world.journal.end(partition), core::Offset(11)}) {
    ReplaySettings settings = up_to(end);
    settings.partitions = {core::Partition(99), partition};
    FakeStore store;
    const auto replayed = replay({reading, reading}, store, settings, {});
    ASSERT_TRUE(replayed) << replayed.error().detail;
    EXPECT_EQ(replayed->at(1).position.next, end);
    EXPECT_EQ(replayed->at(1).records, static_cast<std::uint64_t>(end.value()));
    EXPECT_EQ(replayed->at(0).records, 0u);
    EXPECT_EQ(digest_of_state(store, partition)->digest, lived.digests[end]);
  }
}

TEST(Replay, says_what_it_could_not_do) {
  Lived lived;
  FakeStore store;
  const auto beyond = replay(lived.world.journal, store, up_to(core::Offset(10'000)), {});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, core::ErrorCode::invalid_request);
  EXPECT_THAT(beyond.error().detail, HasSubstr("/10000"));
  const auto stopped =
      replay(lived.world.journal, store, up_to(core::Offset(3)), [](const ReplayProgress&) { return false; });
  ASSERT_FALSE(stopped);
  lived.world.journal.at(partition, core::Offset(5)).value[10] ^= 1;
  FakeStore other;
  const auto broken = replay(lived.world.journal, other, up_to(core::Offset(20)), {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, core::ErrorCode::log_corrupt);
  EXPECT_THAT(broken.error().detail, HasSubstr("offset 5"));
}

TEST(Compare, finds_the_first_row_that_differs_and_the_event_that_wrote_it) {
  Lived lived;
  FakeStore replayed;
  ReplaySettings settings;
  settings.partitions = {partition};
  ASSERT_TRUE(replay(lived.world.journal, replayed, settings, {}));
  auto same = first_difference(replayed, lived.world.store, partition);
  ASSERT_TRUE(same);
  EXPECT_FALSE(*same);

  const std::string key = schemas::row_key<core::batch::Batch>({acme, core::BatchId("bat_done")});
  const std::string good = **lived.world.store.get(partition, key);
  ASSERT_TRUE(lived.world.store.write(partition, {{key, "{}"}, {"~", "behind it"}}));
  const auto difference = first_difference(replayed, lived.world.store, partition);
  ASSERT_TRUE(difference && *difference);
  EXPECT_EQ((*difference)->key, key);
  EXPECT_EQ((*difference)->left, good);
  EXPECT_EQ((*difference)->right, "{}");

  FakeStore scratch;
  const auto writer = find_writer(lived.world.journal, scratch, partition, lived.world.journal.end(partition), key);
  ASSERT_TRUE(writer && *writer);
  EXPECT_EQ((*writer)->value, good);
  // The last of the events that settled the batch.
  EXPECT_TRUE(schemas::event_type((*writer)->event.event).starts_with("batchrouter.batch."));
  const auto group = schemas::decode_group(lived.world.journal.at(partition, (*writer)->offset).value);
  ASSERT_TRUE(group);
  ASSERT_LT((*writer)->index, group->size());
  EXPECT_EQ(schemas::event_type((*group)[(*writer)->index].event), schemas::event_type((*writer)->event.event));

  FakeStore again;
  const auto nobody = find_writer(lived.world.journal, again, partition, lived.world.journal.end(partition), "~");
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(*nobody);
}

}  // namespace
}  // namespace processors
