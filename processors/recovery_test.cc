#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processors/partition_loop.h"
#include "processors/testing/loop_life.h"
#include "schemas/digest.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using World = LoopWorld;
using Life = LoopLife;

// --- recovery -------------------------------------------------------------------------------------------------------

// Broken: the log would not be the truth.
TEST(Recovery, from_the_log_alone_or_from_any_older_state_gives_the_same_rows) {
  World world;
  FakeStore older;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    older = world.store;
    life.carry_out(lock_quote("more", plan(1, 5, cents(2'00))));
  }
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    live_a_little(life);
  }
  const FakeStore::Rows rows = rows_of(world.store);
  ASSERT_GT(rows.size(), 20u);
  FakeStore empty;
  for (FakeStore* store : {&empty, &older}) {
    Life life(world, *store);
    ASSERT_TRUE(life.loop.recover().has_value());
    EXPECT_EQ(rows_of(*store), rows);
  }
}

TEST(Recovery, refuses_a_log_that_is_shorter_than_the_state) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
  }
  world.journal.cut_off(partition, core::Offset(2));
  Life life(world);
  const core::Result<void> recovered = life.begin();
  ASSERT_TRUE(recovered.has_error());
  EXPECT_EQ(recovered.error().code, core::ErrorCode::log_corrupt);
  EXPECT_THAT(recovered.error().detail, HasSubstr("ends at offset 2"));
  const Answers answers = life.submit(submit("one"));
  life.run();
  EXPECT_EQ(refusal(answers), core::ErrorCode::unavailable);
}

// Broken: books could be altered without anybody noticing.
TEST(Recovery, refuses_a_log_in_which_anything_was_altered) {
  World original;
  {
    Life life(original);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
  }
  const auto alter = [&](auto change, const char* found_at = "offset 1") {
    World world;
    world.journal = original.journal;
    change(world.journal.at(partition, core::Offset(1)));
    Life life(world);
    const core::Result<void> recovered = life.loop.recover();
    EXPECT_TRUE(recovered.has_error());
    if (recovered.has_value()) return;
    EXPECT_EQ(recovered.error().code, core::ErrorCode::log_corrupt);
    EXPECT_THAT(recovered.error().detail, HasSubstr(found_at));
  };
  alter([](JournalRecord& record) { record.value[record.value.size() / 2] ^= 1; });
  alter([](JournalRecord& record) { record.chain[0] ^= 1; });
  alter([](JournalRecord& record) { record.time += core::Duration(1); });
  // Taken for one by the loser of a race for the epoch, it counts no more, and the one after it does not fit.
  alter([](JournalRecord& record) { record.instance += "x"; }, "offset 2");
  alter([](JournalRecord& record) { record.epoch = core::Epoch(9); });
}

TEST(Recovery, refuses_events_that_cannot_have_happened_and_says_where) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
  }
  const JournalRecord created = world.journal.at(partition, core::Offset(1));
  // What our own loop would never write: the same org once more, with an honest chain.
  schemas::Position position = *schemas::decode_position(world.store.rows(partition).at(schemas::position_key));
  JournalRecord again = created;
  schemas::Sha256 chain;
  chain.update(position.chain + "\n" + std::to_string(again.epoch.value()) + "\n" + again.instance + "\n" +
               std::to_string(again.time.time_since_epoch().count()) + "\n" + again.value);
  again.chain = chain.finish_raw();
  world.journal.append(partition, again, [](const auto&) {});

  Life life(world);
  const core::Result<void> recovered = life.loop.recover();
  ASSERT_TRUE(recovered.has_error());
  EXPECT_EQ(recovered.error().code, core::ErrorCode::malformed_event);
  EXPECT_THAT(recovered.error().detail, HasSubstr("offset " + std::to_string(position.next.value())));
}

// Broken: a process that was replaced but does not know it could still change the books.
TEST(Recovery, ignores_what_a_replaced_owner_still_writes) {
  World world;
  {
    Life life(world, "old owner");
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
  }
  Life owner(world, "new owner");
  ASSERT_TRUE(owner.begin().has_value());
  world.journal.append(partition, world.journal.at(partition, core::Offset(1)), [](const auto&) {});
  owner.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));

  FakeStore empty;
  Life next(world, empty);
  ASSERT_TRUE(next.loop.recover().has_value());
  EXPECT_EQ(rows_of(empty), rows_of(world.store));
}

// Broken: mails, units or webhooks would be forgotten by a crash.
TEST(Recovery, hands_out_what_is_still_outstanding_and_nothing_that_is_done) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    live_a_little(life);
    life.carry_out(core::CompleteEffect{"mail/mail_acme_1"});
  }
  Life life(world);
  ASSERT_TRUE(life.loop.recover().has_value());
  life.run();
  EXPECT_TRUE(life.effects.started.empty()) << "not before it is started";
  life.loop.start([](const core::Error&) {});
  life.run();
  EXPECT_THAT(life.effects.started, ElementsAre("run/bat_open/0"));
}

TEST(Recovery, log_time_never_runs_back) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
  }
  const core::Timestamp newest = world.clock.now();
  world.clock.advance(-std::chrono::hours(5));
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  EXPECT_GE(life.carry_out(lock_quote("one", plan(1, 5, cents(2'00)))).time, newest);
}

// --- owners ---------------------------------------------------------------------------------------------------------

// Broken: what the owner before had confirmed while it was being replaced would be lost, or halt the partition.
TEST(Owners, what_the_one_before_appends_during_a_takeover_counts) {
  World world;
  FakeStore first_store;
  Life first(world, first_store, "first");
  ASSERT_TRUE(first.begin().has_value());
  open_account(first);

  Life second(world, "second");
  world.journal.before_next_append([&] { first.carry_out(lock_quote("late", plan(1, 5, cents(2'00)))); });
  ASSERT_TRUE(second.begin().has_value());
  second.carry_out(submit("late"));

  FakeStore empty;
  Life third(world, empty, "third");
  ASSERT_TRUE(third.begin().has_value());
  EXPECT_EQ(rows_of(empty), rows_of(world.store));
}

// Broken: of two nodes that take over at the same time both would serve, or neither, and the log would look damaged.
TEST(Owners, of_two_in_a_race_for_an_epoch_the_first_record_wins) {
  World world;
  FakeStore winners_store;
  Life winner(world, winners_store, "winner");
  Life loser(world, "loser");
  world.journal.before_next_append([&] {
    ASSERT_TRUE(winner.begin().has_value());
    open_account(winner);
  });
  const core::Result<void> lost = loser.loop.recover();
  ASSERT_TRUE(lost.has_error());
  EXPECT_EQ(lost.error().code, core::ErrorCode::fenced);

  winner.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
  FakeStore empty;
  Life next(world, empty, "next");
  ASSERT_TRUE(next.begin().has_value());
  next.carry_out(submit("one"));
}

// Broken: a node whose partition was assigned away while it read the log would take it from its owner.
TEST(Owners, who_is_not_wanted_any_more_takes_nothing_over) {
  World world;
  Life owner(world, "owner");
  ASSERT_TRUE(owner.begin().has_value());
  const core::Offset end = world.journal.end(partition);
  FakeStore empty;
  int questions = 0;
  PartitionLoop::Settings settings{partition, partition_count, "late", core::Policy{}, world.clock.reader()};
  settings.wanted = [&] { return ++questions < 3; };
  const auto late = std::make_shared<PartitionLoop>(owner.context.get_executor(), std::move(settings), world.journal,
                                                    empty, owner.effects, world.metrics);
  const core::Result<void> recovered = late->recover();
  ASSERT_TRUE(recovered.has_error());
  EXPECT_EQ(recovered.error().code, core::ErrorCode::unavailable);
  EXPECT_EQ(world.journal.end(partition), end);
}

}  // namespace
}  // namespace processors
