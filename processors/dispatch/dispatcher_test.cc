// The dispatcher and the planner over a real partition loop, with a lane that does as it is told.
#include "processors/dispatch/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/ledger/state.h"
#include "processors/testing/service.h"

namespace processors {
namespace {

using namespace processors::testing;
using core::Money;
using core::batch::Phase;
using core::batch::Tally;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

// Ten input tokens at half of 1 USD a million and five output tokens at half of 4.
constexpr Money item_cost = Money::from_nanos(5'000 + 10'000);
constexpr Money starter_grant = Money::from_cents(25'00);

Money money_of(std::uint32_t items) {
  return Money::from_nanos(item_cost.nanos() * items);
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() { begin(); }

  void begin() { service.emplace(world); }
  // What was not synced is gone.
  void crash() {
    service.reset();
    world.blobs.crash();
    begin();
  }

  core::BatchId submit(std::uint32_t item_count) {
    service->open_account();
    return service->submit(manifest_of(item_count));
  }

  Money balance(const core::AccountId& account) const {
    const auto row = service->reader.find<core::ledger::Account>(core::aggregate_of(lab_customer), {account});
    return row->has_value() ? (*row)->balance : Money{};
  }
  // What the customer was charged is what the rows say, and nothing is held any more.
  void expect_settled(const core::batch::Batch& batch, Money charged) const {
    EXPECT_EQ(batch.closed.charged, charged);
    EXPECT_EQ(balance(core::ledger::available(lab_customer)), starter_grant - charged);
    EXPECT_EQ(balance(core::ledger::reserved(lab_customer)), Money{});
  }
  // Each item has exactly one row among the units' outputs and errors.
  void expect_one_row_each(const core::batch::Batch& batch) const {
    std::set<std::string> ids;
    std::size_t rows = 0;
    for (std::uint32_t i = 0; i < batch.plan.unit_count; ++i) {
      for (const Artifact artifact : {Artifact::output, Artifact::error}) {
        const std::string text = segment(batch.id, i, artifact);
        rows += lines_in(text);
        for (std::size_t at = text.find("\"item_"); at != std::string::npos; at = text.find("\"item_", at + 1))
          ids.insert(text.substr(at, text.find('"', at + 1) - at));
      }
    }
    EXPECT_EQ(rows, batch.plan.item_count);
    EXPECT_EQ(ids.size(), batch.plan.item_count);
  }
  std::string segment(const core::BatchId& batch, std::uint32_t unit, Artifact artifact) const {
    const auto row = service->reader.find<core::batch::Unit>(core::aggregate_of(lab_customer),
                                                             {lab_customer, batch, core::UnitIndex(unit)});
    return row.has_value() && *row ? world.blobs.segment(segment_name(**row, artifact)) : "";
  }

  World world;
  std::optional<Service> service;
};

TEST_F(DispatcherTest, ABatchOfThreeUnitsCompletes) {
  const core::BatchId id = submit(10);
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.phase, Phase::completed);
  EXPECT_EQ(batch.plan.unit_count, 3u);
  EXPECT_EQ(batch.closed.tally, (Tally{10, 0, 0, 0, 0}));
  expect_settled(batch, money_of(10));
  expect_one_row_each(batch);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(service->lane.asked(i), 1);
  EXPECT_THAT(segment(id, 0, Artifact::output), HasSubstr("answer 0"));
  EXPECT_TRUE(service->dispatcher.idle());
  EXPECT_FALSE(service->outstanding(core::PlanBatch{lab_customer, id}));
  EXPECT_FALSE(service->outstanding(core::RunUnit{lab_customer, id, core::UnitIndex(0)}));
}

// If this failed, a lane would stand still between its attempts: whoever found it full would look again seconds later.
TEST_F(DispatcherTest, TheEndOfAnAttemptLetsTheNextOneGoOn) {
  service->lane.room = 1;
  const auto began = std::chrono::steady_clock::now();
  const core::batch::Batch batch = service->run_to_the_end(submit(10));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  EXPECT_EQ(batch.plan.unit_count, 3u);
  EXPECT_EQ(batch.closed.tally, (Tally{10, 0, 0, 0, 0}));
  expect_one_row_each(batch);
}

TEST_F(DispatcherTest, TransientAnswersAreAskedAgain) {
  service->lane.answer_by([](const Attempt& attempt, const LaneItem& item) {
    const bool late = item.number == 1 && attempt.number.value() < 3;
    return answer_with(item, late ? Verdict::transient : Verdict::succeeded);
  });
  const core::batch::Batch batch = service->run_to_the_end(submit(4));
  EXPECT_EQ(batch.closed.tally, (Tally{4, 0, 0, 0, 0}));
  EXPECT_EQ(service->lane.asked(0), 1) << "what was answered is not bought again";
  EXPECT_EQ(service->lane.asked(1), 3);
  expect_settled(batch, money_of(4));
  expect_one_row_each(batch);
}

// If this failed, an outage would be paid for without end.
TEST_F(DispatcherTest, AttemptsAreBounded) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return answer_with(item, item.number == 1 ? Verdict::transient : Verdict::succeeded);
  });
  const core::batch::Batch batch = service->run_to_the_end(submit(4));
  EXPECT_EQ(batch.phase, Phase::completed);
  EXPECT_EQ(batch.closed.tally, (Tally{3, 0, 1, 0, 0}));
  EXPECT_EQ(service->lane.asked(1), static_cast<int>(world.policy.unit_attempts_max));
  EXPECT_THAT(segment(batch.id, 0, Artifact::error), HasSubstr("attempts_exhausted"));
  expect_settled(batch, money_of(3));
}

TEST_F(DispatcherTest, ALaneThatFailsIsTriedAgain) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return answer_with(item, item.number == 0 ? Verdict::succeeded : Verdict::lane_fault);
  });
  service->lane.fail_attempts("insufficient_quota");
  const core::BatchId id = submit(4);
  service->run_until([&] { return service->lane.runs.size() >= 2; });
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  service->lane.succeed_again();
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.closed.tally, (Tally{4, 0, 0, 0, 0}));
  EXPECT_EQ(service->lane.asked(0), 1);
  expect_settled(batch, money_of(4));
}

// The clock stands still: nothing opens by itself.
TEST_F(DispatcherTest, WhatAnOperatorUnparksIsUsedAtOnce) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::lane_fault); });
  service->lane.fail_attempts("invalid_api_key", Trouble::blocked);
  const core::BatchId id = submit(4);
  service->run_until([&] { return !service->dispatcher.closed_lanes().empty(); });
  service->settle();
  EXPECT_EQ(service->dispatcher.closed_lanes().front().state, LaneState::parked);
  EXPECT_FALSE(core::batch::terminal(service->batch(id).phase));
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  service->lane.succeed_again();

  std::vector<std::size_t> ended;
  const auto note = [&](std::size_t count) { ended.push_back(count); };
  service->dispatcher.unpark(core::ProviderId("another"), note);
  service->settle();
  EXPECT_EQ(service->dispatcher.closed_lanes().size(), 1u);
  service->dispatcher.unpark(lab, note);
  EXPECT_EQ(service->run_to_the_end(id).closed.tally, (Tally{4, 0, 0, 0, 0}));
  EXPECT_TRUE(service->dispatcher.closed_lanes().empty());
  EXPECT_EQ(ended, (std::vector<std::size_t>{0, 1}));
}

// If this failed, whoever waits for a lane that wants to be left alone would keep a core busy.
TEST_F(DispatcherTest, ABusyLaneIsWaitedForInQuiet) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::lane_fault); });
  service->lane.fail_attempts("rate_limited", Trouble::busy);
  const core::BatchId id = submit(4);
  service->run_until([&] { return !service->dispatcher.closed_lanes().empty(); });
  service->settle();
  EXPECT_TRUE(service->dispatcher.idle());
  EXPECT_FALSE(core::batch::terminal(service->batch(id).phase));
}

TEST_F(DispatcherTest, AnItemFailsAlone) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return answer_with(item, item.number == 2 ? Verdict::item_fault : Verdict::succeeded);
  });
  const core::batch::Batch batch = service->run_to_the_end(submit(4));
  EXPECT_EQ(batch.phase, Phase::completed);
  EXPECT_EQ(batch.closed.tally, (Tally{3, 1, 0, 0, 0}));
  EXPECT_EQ(service->lane.asked(2), 1);
  EXPECT_EQ(lines_in(segment(batch.id, 0, Artifact::receipt)), 3u);
  expect_settled(batch, money_of(3));
  expect_one_row_each(batch);
}

// If this failed, a customer would pay for what was cancelled, or not for what was answered.
TEST_F(DispatcherTest, CancelKeepsAndChargesWhatWasAnswered) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return item.number % 2 == 0 ? std::optional(answer_with(item, Verdict::succeeded)) : std::nullopt;
  });
  const core::BatchId id = submit(10);
  service->run_until([&] { return service->lane.runs.size() == 3; });
  ASSERT_TRUE(service->carry_out(core::batch::CancelBatch{lab_customer, id}));
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.phase, Phase::cancelled);
  EXPECT_EQ(batch.closed.tally, (Tally{5, 0, 0, 5, 0}));
  EXPECT_THAT(segment(id, 0, Artifact::error), HasSubstr("batch_cancelled"));
  expect_settled(batch, money_of(5));
  expect_one_row_each(batch);
  EXPECT_FALSE(service->outstanding(core::StopBatch{lab_customer, id}));
}

TEST_F(DispatcherTest, TheDeadlineEndsABatchThatHangs) {
  service->lane.answer_by([](const Attempt&, const LaneItem&) { return std::optional<LaneAnswer>(); });
  const core::BatchId id = submit(3);
  service->run_until([&] { return service->lane.runs.size() == 1; });
  world.clock.advance(std::chrono::hours(25));
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.phase, Phase::expired);
  EXPECT_EQ(batch.closed.tally, (Tally{0, 0, 0, 0, 3}));
  expect_settled(batch, Money{});
}

// The stop comes when the intent is durable and the lane does not know the attempt yet: nothing is there to be stopped.
TEST_F(DispatcherTest, ACancelJustBeforeTheStartIsNotMissed) {
  service->lane.answer_by([](const Attempt&, const LaneItem&) { return std::optional<LaneAnswer>(); });
  service->open_account();
  const core::BatchId id("bat_00000000000000000000000002");
  service->lane.before_next_start([&] { ASSERT_TRUE(service->carry_out(core::batch::CancelBatch{lab_customer, id})); });
  service->submit(manifest_of(3));
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.phase, Phase::cancelled);
  EXPECT_EQ(batch.closed.tally, (Tally{0, 0, 0, 3, 0}));
}

TEST_F(DispatcherTest, AStopOfTheServiceJustBeforeTheStartIsNotMissed) {
  service->lane.answer_by([](const Attempt&, const LaneItem&) { return std::optional<LaneAnswer>(); });
  service->lane.before_next_start([&] { service->dispatcher.stop(); });
  submit(3);
  service->run_until([&] { return !service->lane.runs.empty() && service->dispatcher.idle(); });
  EXPECT_EQ(service->lane.runs.size(), 1u);
}

TEST_F(DispatcherTest, AStopOfTheServiceKeepsWhatWasAnswered) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return item.number < 2 ? std::optional(answer_with(item, Verdict::succeeded)) : std::nullopt;
  });
  const core::BatchId id = submit(4);
  service->run_until([&] { return service->lane.runs.size() == 1; });
  service->dispatcher.stop();
  service->run_until([&] { return service->dispatcher.idle(); });
  EXPECT_EQ(lines_in(segment(id, 0, Artifact::output)), 2u);

  crash();
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.closed.tally, (Tally{4, 0, 0, 0, 0}));
  ASSERT_EQ(service->lane.runs.size(), 1u);
  EXPECT_EQ(service->lane.runs[0].attempt.number, core::AttemptNumber(1)) << "the same attempt goes on";
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(service->lane.asked(i), i < 2 ? 0 : 1);
  expect_settled(batch, money_of(4));
  expect_one_row_each(batch);
}

TEST_F(DispatcherTest, ACrashLosesAtMostWhatWasNotSynced) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return item.number < 2 ? std::optional(answer_with(item, Verdict::succeeded)) : std::nullopt;
  });
  const core::BatchId id = submit(4);
  service->run_until([&] { return lines_in(segment(id, 0, Artifact::raw)) == 2; });
  crash();
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.closed.tally, (Tally{4, 0, 0, 0, 0}));
  expect_settled(batch, money_of(4));
  expect_one_row_each(batch);
}

// Wherever on its way the process dies, the batch ends as if nothing had been.
TEST_F(DispatcherTest, ACrashAtAnyStepChangesNothing) {
  bool ended_before_the_crash = false;
  for (int steps = 0; !ended_before_the_crash; ++steps) {
    SCOPED_TRACE(steps);
    ASSERT_LT(steps, 1'000);
    service.reset();
    World fresh;
    Service first(fresh);
    first.open_account();
    const core::BatchId id = first.submit(manifest_of(10));
    first.context.restart();
    for (int i = 0; i < steps; ++i) first.context.poll_one();
    ended_before_the_crash = core::batch::terminal(first.batch(id).phase);
    fresh.blobs.crash();

    Service second(fresh);
    const core::batch::Batch batch = second.run_to_the_end(id);
    ASSERT_EQ(batch.phase, Phase::completed);
    ASSERT_EQ(batch.closed.tally, (Tally{10, 0, 0, 0, 0}));
    ASSERT_EQ(batch.closed.charged, money_of(10));
  }
}

TEST_F(DispatcherTest, TheFirstAnswerStandsAndStrangersAreIgnored) {
  service->lane.answer_by([](const Attempt&, const LaneItem&) { return std::optional<LaneAnswer>(); });
  const core::BatchId id = submit(2);
  service->run_until([&] { return service->lane.runs.size() == 1; });
  AttemptObserver& observer = *service->lane.runs[0].observer;
  const auto& items = service->lane.runs[0].attempt.items;
  for (int i = 0; i < 3; ++i) {
    for (const LaneItem& item : items) {
      LaneAnswer answer = answer_with(item, i == 0 ? Verdict::succeeded : Verdict::item_fault);
      observer.on_answer(std::move(answer));
    }
    LaneAnswer stranger = answer_with(items[0], Verdict::succeeded);
    stranger.number = 77;
    observer.on_answer(std::move(stranger));
  }
  service->lane.end(0, {});
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(batch.closed.tally, (Tally{2, 0, 0, 0, 0}));
  expect_settled(batch, money_of(2));
  expect_one_row_each(batch);
}

// If this failed, a crash could leave a provider batch that nobody finds and everybody pays for.
TEST_F(DispatcherTest, AHandleIsDurableBeforeTheLaneGoesOn) {
  service->lane.report_handles();
  service->lane.answer_by([&](const Attempt& attempt, const LaneItem&) -> std::optional<LaneAnswer> {
    EXPECT_EQ(service->unit(attempt.batch, 0).handle, "provider_batch_1");
    return std::nullopt;
  });
  const core::BatchId id = submit(2);
  service->run_until([&] { return service->lane.asked(0) == 1; });

  crash();
  service->lane.report_handles();
  const core::batch::Batch batch = service->run_to_the_end(id);
  ASSERT_EQ(service->lane.runs.size(), 1u);
  EXPECT_EQ(service->lane.runs[0].attempt.handle, "provider_batch_1") << "the next process finds it";
  EXPECT_EQ(batch.closed.tally, (Tally{2, 0, 0, 0, 0}));
}

TEST_F(DispatcherTest, ANewAttemptHasNoOldHandle) {
  service->lane.report_handles();
  service->lane.answer_by([](const Attempt& attempt, const LaneItem& item) {
    return answer_with(item, attempt.number.value() == 1 ? Verdict::transient : Verdict::succeeded);
  });
  const core::BatchId id = submit(2);
  service->run_to_the_end(id);
  ASSERT_EQ(service->lane.runs.size(), 2u);
  EXPECT_EQ(service->lane.runs[1].attempt.handle, "");
}

// If this failed, what the others of the batch are being answered would be bought twice.
TEST_F(DispatcherTest, TroubleOfOneUnitDoesNotTouchTheOthers) {
  service->lane.report_handles();
  service->open_account();
  const core::BatchId id("bat_00000000000000000000000002");
  service->lane.answer_by([](const Attempt&, const LaneItem&) { return std::optional<LaneAnswer>(); });
  service->submit(manifest_of(8));
  service->run_until([&] { return service->lane.asked(0) == 1 && service->lane.asked(4) == 1; });
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  service->lane.runs[0].observer->on_handle("another", [] {});
  service->bus.refuse_next(1, core::ErrorCode::overloaded);  // the unit gives up for now
  service->run_until([&] { return service->unit(id, 0).phase == core::batch::UnitPhase::closed; });
  ASSERT_TRUE(service->lane.runs[1].observer) << "the other attempt goes on";
  for (const LaneItem& item : service->lane.runs[1].attempt.items)
    service->lane.runs[1].observer->on_answer(answer_with(item, Verdict::succeeded));
  service->lane.end(1, {});
  const core::batch::Batch batch = service->run_to_the_end(id);
  EXPECT_EQ(service->lane.asked(4), 1);
  EXPECT_EQ(batch.closed.tally, (Tally{8, 0, 0, 0, 0}));
  expect_one_row_each(batch);
}

TEST_F(DispatcherTest, ADiskThatFailsForAMomentCostsNothing) {
  service->lane.answer_by([&](const Attempt& attempt, const LaneItem& item) {
    if (attempt.number.value() == 1 && service->lane.runs.size() == 1 && item.number == 0)
      world.blobs.tear_next_append();
    return answer_with(item, Verdict::succeeded);
  });
  const core::batch::Batch batch = service->run_to_the_end(submit(3));
  EXPECT_EQ(batch.closed.tally, (Tally{3, 0, 0, 0, 0}));
  expect_settled(batch, money_of(3));
  expect_one_row_each(batch);
}

TEST_F(DispatcherTest, ADiskThatStaysFullIsNotPaidForAgainAndAgain) {
  service->lane.answer_by([&](const Attempt&, const LaneItem& item) {
    world.blobs.fail_next_append();
    return answer_with(item, Verdict::succeeded);
  });
  const core::BatchId id = submit(1);
  // Doubled from a millisecond on, eight runs take a quarter of a second.
  service->run_until([&] { return service->lane.asked(0) >= 8; });
  const auto began = std::chrono::steady_clock::now();
  service->run_until([&] { return service->lane.asked(0) >= 9; });
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(100));
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  EXPECT_EQ(service->run_to_the_end(id).closed.tally, (Tally{1, 0, 0, 0, 0}));
}

TEST_F(DispatcherTest, CommandsThatAreRefusedForAMomentAreSentAgain) {
  service->open_account();
  service->bus.refuse_next(1, core::ErrorCode::overloaded);  // the planning
  const core::BatchId id = service->submit(manifest_of(3));
  service->run_until([&] { return service->batch(id).units_planned == 1; });
  EXPECT_EQ(service->run_to_the_end(id).closed.tally, (Tally{3, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace processors
