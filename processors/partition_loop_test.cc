#include "processors/partition_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <future>
#include <thread>

#include "processors/testing/loop_life.h"

namespace processors {
namespace {

using namespace processors::testing;
using ::testing::ElementsAre;
using World = LoopWorld;
using Life = LoopLife;

// --- answering ------------------------------------------------------------------------------------------------------

// Broken: callers would be told of what a crash can still undo, or effects would run for what never happened.
TEST(PartitionLoop, answers_and_hands_out_effects_only_after_confirmation_and_apply) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  life.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
  life.effects.started.clear();
  const FakeStore::Rows before = rows_of(world.store);

  world.journal.hold_confirmations();
  bool applied = false;
  life.loop.submit({core::CommandId("c"), core::aggregate_of(acme), {}, submit("one")}, [&](const auto& answer) {
    EXPECT_TRUE(answer.has_value());
    applied =
        world.store.rows(partition).contains(schemas::row_key<core::batch::Batch>({acme, core::BatchId("bat_one")}));
  });
  life.run();
  EXPECT_FALSE(applied);
  EXPECT_TRUE(life.effects.started.empty());
  EXPECT_EQ(rows_of(world.store), before);

  world.journal.release();
  life.run();
  EXPECT_TRUE(applied) << "by the time of the answer the state can be read";
  EXPECT_THAT(life.effects.started, ElementsAre("plan/bat_one"));
}

TEST(PartitionLoop, one_idempotency_key_twice_in_one_turn_makes_one_batch) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  life.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
  core::batch::SubmitBatch first = submit("one");
  first.idempotency = core::batch::Idempotency{core::Digest("key"), core::Digest("request")};
  core::batch::SubmitBatch second = first;
  second.batch = core::BatchId("bat_two");

  const std::vector<Answers> answers = life.submit_together({first, second});
  EXPECT_FALSE(answers[0]->at(0)->replayed);
  EXPECT_TRUE(answers[1]->at(0)->replayed);
  EXPECT_EQ(answers[1]->at(0)->subject, "bat_one");
  EXPECT_EQ(count_in<core::batch::BatchAccepted>(world.journal), 1);
}

TEST(PartitionLoop, refusals_are_answered_and_written_nowhere) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  const core::Offset before = world.journal.end(partition);
  const Answers answers = life.submit(submit("one"));
  life.run();
  EXPECT_EQ(refusal(answers), core::ErrorCode::quote_not_found);
  EXPECT_EQ(world.journal.end(partition), before);
}

TEST(PartitionLoop, takes_a_bounded_number_of_commands_a_turn) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  const core::Offset before = world.journal.end(partition);
  std::vector<core::Command> commands;
  for (int i = 0; i < 300; ++i) commands.push_back(lock_quote(std::to_string(i), plan(1, 5, cents(1))));
  for (const Answers& answers : life.submit_together(commands)) EXPECT_TRUE(answers->at(0).has_value());
  EXPECT_EQ(world.journal.end(partition).value(), before.value() + 1 + 2);
}

// Broken: one command that our own fold cannot take would stop everybody in its partition.
TEST(PartitionLoop, parks_what_the_state_cannot_take_and_goes_on) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  life.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
  // A row that cannot be there makes the reservation impossible, after the quote was consumed.
  core::ledger::Reservation impossible;
  impossible.org = acme;
  impossible.batch = core::BatchId("bat_one");
  const std::string key = schemas::row_key<core::ledger::Reservation>(impossible.key());
  ASSERT_TRUE(world.store.write(partition, {{key, schemas::encode_row(impossible)}}).has_value());

  const Answers answers = life.submit(submit("one"), "submit/one");
  life.run();
  EXPECT_EQ(refusal(answers), core::ErrorCode::internal);
  EXPECT_FALSE(life.ended) << "the partition goes on";
  EXPECT_EQ(count_in<core::batch::BatchAccepted>(world.journal), 0);
  EXPECT_EQ(count_in<core::quote::QuoteConsumed>(world.journal), 0) << "all of it or nothing";
  EXPECT_EQ(count_in<core::parking::CommandParked>(world.journal), 1);

  life.submit(submit("one"), "submit/one");  // as an effect that reports again
  life.run();
  EXPECT_EQ(count_in<core::parking::CommandParked>(world.journal), 1);

  // A retry that fails again leaves it parked, and parks nothing more.
  const Answers again = life.submit(core::parking::RetryParked{core::CommandId("submit/one"), "kim", "too early"});
  life.run();
  EXPECT_EQ(refusal(again), core::ErrorCode::internal);
  EXPECT_EQ(count_in<core::parking::CommandParked>(world.journal), 1);
}

// Broken: customers could spend the same credit many times at once.
TEST(PartitionLoop, parallel_submissions_never_overdraw) {
  World world;
  RecordingEffects effects;
  boost::asio::thread_pool threads(4);
  const auto shared = std::make_shared<PartitionLoop>(
      threads.get_executor(),
      PartitionLoop::Settings{partition, partition_count, "test", core::Policy{}, world.clock.reader()}, world.journal,
      world.store, effects, world.metrics);
  PartitionLoop& loop = *shared;
  ASSERT_TRUE(loop.recover().has_value());
  loop.start([](const core::Error&) {});
  const auto ask = [&](core::Command command) {
    auto answered = std::make_shared<std::promise<core::Result<Answer>>>();
    loop.submit({core::CommandId("c"), core::aggregate_of(acme), {}, std::move(command)},
                [answered](core::Result<Answer> answer) { answered->set_value(std::move(answer)); });
    return answered->get_future();
  };
  ask(core::identity::CreateOrg{
          acme, core::UserId("usr_1"), {}, core::Digest("email"), core::Sealed("p"), token("one")})
      .get();
  ask(core::identity::VerifyEmail{acme, token("one").digest, {core::SessionId("ses_1"), core::Digest("session")}})
      .get();
  for (int i = 0; i < 64; ++i) ask(lock_quote(std::to_string(i), plan(1, 5, cents(2'50)))).get();

  std::vector<std::future<core::Result<Answer>>> answers(64);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (std::size_t i = caller; i < answers.size(); i += 4) answers[i] = ask(submit(std::to_string(i)));
    });
  for (std::thread& caller : callers) caller.join();
  int accepted = 0;
  for (auto& answer : answers) {
    const core::Result<Answer> got = answer.get();
    if (got.has_value())
      ++accepted;
    else
      EXPECT_EQ(got.error().code, core::ErrorCode::insufficient_credits);
  }
  EXPECT_EQ(accepted, 10);  // 25.00 USD of starter credit
  loop.stop([] {});
  threads.join();
}

// --- timers ---------------------------------------------------------------------------------------------------------

TEST(Timers, fire_once_in_order_also_after_a_restart) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    life.carry_out(lock_quote("first", plan(1, 5, cents(2'00))));
    world.clock.advance(std::chrono::seconds(1));
    life.carry_out(lock_quote("a_second", plan(1, 5, cents(2'00))));
  }
  world.clock.advance(std::chrono::hours(2));
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
  }
  EXPECT_EQ(count_in<core::quote::QuoteExpired>(world.journal), 2);
  EXPECT_EQ(count_in<core::TimerFired>(world.journal), 2);
  const auto fired =
      schemas::decode_group(world.journal.at(partition, core::Offset(world.journal.end(partition).value() - 1)).value);
  EXPECT_EQ(std::get<core::quote::QuoteExpired>(fired->at(0).event).quote, core::QuoteId("qlock_first"));

  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  EXPECT_EQ(count_in<core::TimerFired>(world.journal), 2);
}

// Broken: after a clock that leapt ahead was set right nothing would ever be due, for as long as it had leapt.
TEST(Timers, come_late_and_not_never_once_a_clock_that_leapt_is_set_right) {
  World world;
  core::Timestamp before, after;
  const auto began = std::chrono::steady_clock::now();
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    world.clock.advance(std::chrono::hours(48));
    life.carry_out(lock_quote("ahead", plan(1, 5, cents(2'00))));
    world.clock.advance(-std::chrono::hours(48));
    before = life.carry_out(lock_quote("behind", plan(1, 5, cents(2'00)))).time;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    after = life.carry_out(lock_quote("later", plan(1, 5, cents(2'00)))).time;
  }
  EXPECT_GT(before, world.clock.now() + std::chrono::hours(47));
  EXPECT_GE(after - before, std::chrono::milliseconds(10));
  EXPECT_LT(after - before, std::chrono::steady_clock::now() - began) << "the wall clock would never catch up";
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  EXPECT_GE(life.carry_out(lock_quote("again", plan(1, 5, cents(2'00)))).time, after);
}

// Broken: a timer whose command has nothing left to do would fire for ever.
TEST(Timers, are_gone_when_their_command_had_nothing_to_do) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  life.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
  life.carry_out(submit("one"));
  world.clock.advance(std::chrono::hours(2));
  for (int i = 0; i < 3; ++i) life.carry_out(core::CompleteEffect{"none"});
  EXPECT_EQ(count_in<core::TimerFired>(world.journal), 1);
  EXPECT_EQ(count_in<core::quote::QuoteExpired>(world.journal), 0);
}

// --- trouble --------------------------------------------------------------------------------------------------------

// Broken: the state would run ahead of a log that could not be written.
TEST(Trouble, a_failed_append_halts_the_partition_and_answers_what_waits) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  const FakeStore::Rows before = rows_of(world.store);
  world.journal.fail_next_append();
  std::vector<Answers> all;
  for (int i = 0; i < 300; ++i) all.push_back(life.submit(lock_quote(std::to_string(i), plan(1, 5, cents(1)))));
  life.run();
  all.push_back(life.submit(submit("1")));
  life.run();
  for (const Answers& answers : all) EXPECT_EQ(refusal(answers), core::ErrorCode::unavailable);
  ASSERT_TRUE(life.loop.halted().has_value());
  EXPECT_EQ(life.loop.halted()->code, core::ErrorCode::storage_failed);
  EXPECT_EQ(rows_of(world.store), before);
}

// Broken: a request whose answer was lost would be carried out twice.
TEST(Trouble, after_a_lost_acknowledgement_the_log_says_what_happened) {
  World world;
  core::batch::SubmitBatch command = submit("one");
  command.idempotency = core::batch::Idempotency{core::Digest("key"), core::Digest("request")};
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    life.carry_out(lock_quote("one", plan(1, 5, cents(2'00))));
    world.journal.lose_next_acknowledgement();
    const Answers answers = life.submit(command);
    life.run();
    EXPECT_EQ(refusal(answers), core::ErrorCode::unavailable);
  }
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  EXPECT_THAT(life.effects.started, ::testing::Contains("plan/bat_one"));
  EXPECT_TRUE(life.carry_out(command).replayed);
  EXPECT_EQ(count_in<core::batch::BatchAccepted>(world.journal), 1);
}

TEST(Trouble, a_failed_write_halts_and_recovery_catches_up) {
  World world;
  {
    Life life(world);
    ASSERT_TRUE(life.begin().has_value());
    open_account(life);
    world.store.fail_next_write();
    const Answers answers = life.submit(lock_quote("one", plan(1, 5, cents(2'00))));
    life.run();
    EXPECT_EQ(refusal(answers), core::ErrorCode::unavailable);
    EXPECT_TRUE(life.loop.halted().has_value());
  }
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  life.carry_out(submit("one"));
}

// Broken: the producer's queue being full for a moment would cost a term, and callers their answers.
TEST(Trouble, a_full_journal_is_tried_again_with_the_same_group) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  world.journal.overload_next_appends(3);
  const Answers answers = life.submit(lock_quote("one", plan(1, 5, cents(2'00))));
  life.run_until([&] { return !answers->empty(); });
  EXPECT_TRUE(answers->at(0).has_value());
  EXPECT_EQ(count_in<core::quote::QuoteLocked>(world.journal), 1);
  EXPECT_FALSE(life.ended.has_value());
}

TEST(Trouble, a_lost_journal_ends_the_term_and_its_effects_once) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  world.journal.lose(partition, core::ErrorCode::fenced);
  const Answers late = life.submit(lock_quote("one", plan(1, 5, cents(2'00))));
  life.run();
  EXPECT_EQ(refusal(late), core::ErrorCode::unavailable);
  ASSERT_TRUE(life.ended.has_value());
  EXPECT_EQ(life.ended->code, core::ErrorCode::fenced);
  EXPECT_TRUE(life.loop.term()->ended);
  EXPECT_EQ(count_in<core::quote::QuoteLocked>(world.journal), 0);
}

// Broken: callers would wait for ever.
TEST(Trouble, state_that_cannot_be_read_halts_and_answers_the_whole_turn) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  world.store.make_unreadable(schemas::row_prefix<core::webhook::Delivery>());
  const std::vector<Answers> all =
      life.submit_together({lock_quote("one", plan(1, 5, cents(2'00))),
                            core::webhook::RetryDelivery{acme, core::DeliveryId("msg_1"), core::AttemptNumber(1)},
                            lock_quote("two", plan(1, 5, cents(2'00)))});
  for (const Answers& answers : all) EXPECT_EQ(refusal(answers), core::ErrorCode::unavailable);
  EXPECT_TRUE(life.loop.halted().has_value());
  EXPECT_EQ(count_in<core::quote::QuoteLocked>(world.journal), 1) << "nothing of the turn was appended";
}

// --- suspension -----------------------------------------------------------------------------------------------------

TEST(Suspension, ends_the_turn_in_flight_holds_commands_and_goes_on) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);
  world.journal.hold_confirmations();
  const Answers in_flight = life.submit(lock_quote("one", plan(1, 5, cents(2'00))));
  life.run();
  int suspended = 0;
  life.loop.suspend(std::chrono::hours(1), [&] { ++suspended; });
  const Answers held = life.submit(lock_quote("two", plan(1, 5, cents(2'00))));
  life.run();
  EXPECT_EQ(suspended, 0);
  world.journal.release();
  life.run();
  EXPECT_EQ(suspended, 1);
  EXPECT_TRUE(in_flight->at(0).has_value());
  EXPECT_TRUE(held->empty());
  life.loop.resume();
  life.run();
  EXPECT_TRUE(held->at(0).has_value());

  life.loop.suspend(std::chrono::milliseconds(0), [] {});
  const Answers refused = life.submit(lock_quote("three", plan(1, 5, cents(2'00))));
  life.run();
  EXPECT_EQ(refusal(refused), core::ErrorCode::unavailable);
}

// --- stopping -------------------------------------------------------------------------------------------------------

TEST(Stopping, ends_the_turn_in_flight_and_answers_what_waits) {
  World world;
  Life life(world);
  const Answers too_early = life.submit(submit("one"));
  life.run();
  EXPECT_EQ(refusal(too_early), core::ErrorCode::unavailable);
  ASSERT_TRUE(life.begin().has_value());
  open_account(life);

  world.journal.hold_confirmations();
  const Answers in_flight = life.submit(lock_quote("one", plan(1, 5, cents(2'00))));
  life.run();
  const Answers waiting = life.submit(lock_quote("two", plan(1, 5, cents(2'00))));
  int stopped = 0;
  life.loop.stop([&] { ++stopped; });
  const Answers late = life.submit(lock_quote("three", plan(1, 5, cents(2'00))));
  life.run();
  EXPECT_EQ(stopped, 0);
  EXPECT_TRUE(in_flight->empty());
  world.journal.release();
  life.run();
  EXPECT_EQ(stopped, 1);
  EXPECT_TRUE(in_flight->at(0).has_value());
  EXPECT_EQ(refusal(waiting), core::ErrorCode::unavailable);
  EXPECT_EQ(refusal(late), core::ErrorCode::unavailable);
  EXPECT_TRUE(
      world.store.rows(partition).contains(schemas::row_key<core::quote::Quote>({acme, core::QuoteId("qlock_one")})));
  EXPECT_FALSE(life.loop.halted().has_value());
}

// Broken: the process would not end when it is stopped just as the loop's timer goes off.
TEST(Stopping, leaves_nothing_running_when_the_timer_goes_off_meanwhile) {
  World world;
  Life life(world);
  ASSERT_TRUE(life.begin().has_value());
  std::thread second([&] { life.context.run(); });
  life.loop.submit({core::CommandId("c"), core::aggregate_of(acme), {}, core::CompleteEffect{"none"}},
                   [&](const auto&) {
                     life.loop.stop([] {});
                     std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the timer is due behind the stop
                   });
  life.context.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(life.context.stopped());
  life.context.stop();
  second.join();
}

}  // namespace
}  // namespace processors
