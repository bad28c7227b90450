#include "processors/partition_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <thread>

#include "core/testing/samples.h"
#include "processors/testing/fake_journal.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_metrics.h"
#include "processors/testing/recording_effects.h"
#include "schemas/digest.h"

namespace processors {
namespace {

using namespace core::testing;
using namespace processors::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const core::Partition partition(5);

// What a process has, and what outlives it: the journal, and the store as it was at some time.
struct World {
  FakeJournal journal;
  FakeStore store;
  ManualClock clock;
  NullMetrics metrics;
};

// Every row but the position, which tells who folded them.
FakeStore::Rows rows_of(const FakeStore& store) {
  FakeStore::Rows rows = store.rows(partition);
  rows.erase(schemas::position_key);
  return rows;
}

using Answers = std::shared_ptr<std::vector<core::Result<Answer>>>;

// One life of the loop, on this thread.
class Life {
 public:
  explicit Life(World& world, std::string instance = "test") : Life(world, world.store, std::move(instance)) {}
  Life(World& world, FakeStore& store, std::string instance = "test")
      : loop_(std::make_shared<PartitionLoop>(
            context.get_executor(),
            PartitionLoop::Settings{partition, std::move(instance), core::Policy{}, world.clock.reader()},
            world.journal, store, effects, world.metrics)),
        loop(*loop_),
        journal_(world.journal) {}
  ~Life() {
    loop.stop([] {});
    run();
  }

  core::Result<void> begin() {
    const core::Result<void> recovered = loop.recover();
    if (recovered.has_error()) return recovered;
    loop.start([this](core::Error error) { ended = std::move(error); });
    run();
    return recovered;
  }

  // What comes of it stands in the answers once the loop has run.
  Answers submit(core::Command command, const std::string& id = "command") {
    auto answers = std::make_shared<std::vector<core::Result<Answer>>>();
    loop.submit({core::CommandId(id), core::aggregate_of(acme), {}, std::move(command)},
                [answers](core::Result<Answer> answer) { answers->push_back(std::move(answer)); });
    return answers;
  }

  Answer carry_out(core::Command command) {
    const Answers answers = submit(std::move(command));
    run();
    EXPECT_EQ(answers->size(), 1u);
    EXPECT_TRUE(answers->at(0).has_value()) << answers->at(0).error().detail;
    return *answers->at(0);
  }

  // Lets them pile up behind a turn in flight, so that they come in one turn.
  std::vector<Answers> submit_together(const std::vector<core::Command>& commands) {
    journal_.hold_confirmations();
    submit(lock_quote("in_flight", plan(1, 1, cents(1))));
    run();
    std::vector<Answers> all;
    for (const core::Command& command : commands) all.push_back(submit(command));
    run();
    journal_.release();
    run();
    return all;
  }

  // Until nothing is left to do but to wait.
  void run() {
    context.restart();
    context.poll();
  }

  boost::asio::io_context context;
  RecordingEffects effects;

 private:
  std::shared_ptr<PartitionLoop> loop_;

 public:
  PartitionLoop& loop;
  std::optional<core::Error> ended;  // by itself

 private:
  FakeJournal& journal_;
};

core::ErrorCode refusal(const Answers& answers) {
  EXPECT_EQ(answers->size(), 1u) << "answered once";
  if (answers->size() != 1 || answers->at(0).has_value()) return core::ErrorCode::internal;
  return answers->at(0).error().code;
}

void open_account(Life& life) {
  life.carry_out(core::identity::CreateOrg{
      acme, core::UserId("usr_1"), {}, core::Digest("email"), core::Sealed("profile"), token("one")});
  life.carry_out(core::identity::VerifyEmail{
      acme, token("one").digest, {core::SessionId("ses_1"), core::Digest("session")}});  // 25.00 USD
}

// A settled batch, and one that is being worked on.
void live_a_little(Life& life) {
  const core::quote::Plan units = plan(1, 5, cents(2'00));
  for (const char* name : {"done", "open"}) {
    life.carry_out(lock_quote(name, units));
    life.carry_out(submit(name));
    life.carry_out(plan_units(name, units));
    life.carry_out(core::batch::DispatchUnit{acme, core::BatchId(std::string("bat_") + name), core::UnitIndex(0),
                                             core::AttemptNumber(1)});
  }
  core::batch::Progress all;
  all.tally.succeeded = 5;
  all.charged = cents(1'00);
  life.carry_out(core::batch::CloseUnit{acme, core::BatchId("bat_done"), core::UnitIndex(0), all});
}

template <class Kind>
int count_in(FakeJournal& journal) {
  int count = 0;
  const auto visit = [&](const StoredRecord& stored) {
    const auto events = schemas::decode_group(stored.record.value);
    if (events.has_error()) return true;
    for (const schemas::RecordedEvent& event : *events) count += std::holds_alternative<Kind>(event.event) ? 1 : 0;
    return true;
  };
  EXPECT_TRUE(journal.read(partition, core::Offset(0), visit).has_value());
  return count;
}

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

// Broken: customers could spend the same credit many times at once.
TEST(PartitionLoop, parallel_submissions_never_overdraw) {
  World world;
  RecordingEffects effects;
  boost::asio::thread_pool threads(4);
  const auto shared = std::make_shared<PartitionLoop>(
      threads.get_executor(), PartitionLoop::Settings{partition, "test", core::Policy{}, world.clock.reader()},
      world.journal, world.store, effects, world.metrics);
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
  EXPECT_TRUE(life.loop.halted().has_value());
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
  const auto alter = [&](auto change) {
    World world;
    world.journal = original.journal;
    change(world.journal.at(partition, core::Offset(1)));
    Life life(world);
    const core::Result<void> recovered = life.loop.recover();
    EXPECT_TRUE(recovered.has_error());
    if (recovered.has_value()) return;
    EXPECT_EQ(recovered.error().code, core::ErrorCode::log_corrupt);
    EXPECT_THAT(recovered.error().detail, HasSubstr("offset 1"));
  };
  alter([](JournalRecord& record) { record.value[record.value.size() / 2] ^= 1; });
  alter([](JournalRecord& record) { record.chain[0] ^= 1; });
  alter([](JournalRecord& record) { record.time += core::Duration(1); });
  alter([](JournalRecord& record) { record.instance += "x"; });
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
  EXPECT_EQ(life.carry_out(lock_quote("one", plan(1, 5, cents(2'00)))).time, newest);
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
