// One partition's loop over fakes, on the thread of the test: what lives (LoopLife) and what outlives it (LoopWorld).
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/testing/samples.h"
#include "processors/partition_loop.h"
#include "processors/testing/fake_journal.h"
#include "processors/testing/fake_store.h"
#include "processors/testing/manual_clock.h"
#include "processors/testing/null_metrics.h"
#include "processors/testing/recording_effects.h"
#include "processors/testing/run_until.h"

namespace processors::testing {

using namespace core::testing;

inline const std::uint32_t partition_count = 16;
inline const core::Partition partition = core::partition_of(core::aggregate_of(acme), partition_count);

// What a process has, and what outlives it: the journal, and the store as it was at some time.
struct LoopWorld {
  FakeJournal journal;
  FakeStore store;
  ManualClock clock;
  NullMetrics metrics;
  // As in PartitionLoop::Settings.
  std::function<void(core::Partition, core::Offset)> confirmed = {};
  JournalReader* history = nullptr;
  const SnapshotRestore* snapshots = nullptr;
};

// Every row but the position, which tells who folded them.
inline FakeStore::Rows rows_of(const FakeStore& store) {
  FakeStore::Rows rows = store.rows(partition);
  rows.erase(schemas::position_key);
  return rows;
}

using Answers = std::shared_ptr<std::vector<core::Result<Answer>>>;

// One life of the loop, on this thread.
class LoopLife {
 public:
  explicit LoopLife(LoopWorld& world, std::string instance = "test")
      : LoopLife(world, world.store, std::move(instance)) {}
  LoopLife(LoopWorld& world, FakeStore& store, std::string instance = "test")
      : loop_(std::make_shared<PartitionLoop>(context.get_executor(),
                                              PartitionLoop::Settings{partition,
                                                                      partition_count,
                                                                      std::move(instance),
                                                                      core::Policy{},
                                                                      world.clock.reader(),
                                                                      {},
                                                                      {},
                                                                      world.confirmed,
                                                                      nullptr,
                                                                      world.history,
                                                                      world.snapshots},
                                              world.journal, store, effects, world.metrics)),
        loop(*loop_),
        journal_(world.journal) {}
  ~LoopLife() {
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

  void run_until(const std::function<bool()>& so) { testing::run_until(context, so); }
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

inline core::ErrorCode refusal(const Answers& answers) {
  EXPECT_EQ(answers->size(), 1u) << "answered once";
  if (answers->size() != 1 || answers->at(0).has_value()) return core::ErrorCode::internal;
  return answers->at(0).error().code;
}

inline void open_account(LoopLife& life) {
  life.carry_out(core::identity::CreateOrg{
      acme, core::UserId("usr_1"), {}, core::Digest("email"), core::Sealed("profile"), token("one")});
  life.carry_out(core::identity::VerifyEmail{
      acme, token("one").digest, {core::SessionId("ses_1"), core::Digest("session")}});  // 25.00 USD
}

// A settled batch, and one that is being worked on.
inline void live_a_little(LoopLife& life) {
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

}  // namespace processors::testing
