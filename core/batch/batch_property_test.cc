#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/ledger/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::batch {
namespace {

using namespace core::testing;

constexpr std::uint32_t units_per_batch = 3;
constexpr std::uint32_t items_per_unit = 4;

// An org that does anything at any time, sensible or not, and runners that report late, twice or wrongly.
class RandomOrg {
 public:
  explicit RandomOrg(std::uint32_t seed) : random_(seed), scenario_(acme) { record(verified_org(acme, cents(200'00))); }

  void step() {
    switch (below(13)) {
      case 0: return try_command(new_quote());
      case 1:
      case 2: return try_command(submission());
      case 3: return try_command(units());
      case 4:
      case 5: return try_command(DispatchUnit{acme, batch(), unit(), attempt(1)});
      case 6: return try_command(RecordHandle{acme, batch(), unit(), attempt(0), "handle"});
      case 7: return try_command(ReportProgress{acme, batch(), unit(), attempt(0), progress(items())});
      case 8: return try_command(EndAttempt{acme, batch(), unit(), attempt(0), "time_out", progress(items())});
      case 9:
      case 10: return try_command(CloseUnit{acme, batch(), unit(), progress(items())});
      case 11:
        if (below(4) == 0) try_command(CancelBatch{acme, batch()});
        return;
      default:
        scenario_.now += std::chrono::minutes(below(30));
        for (const Command& command : scenario_.due()) try_command(command);
    }
  }

  // Closes whatever is open, as the runners would.
  void finish() {
    for (const auto& [key, found] : Rows<Batch>(scenario_.state.all<Batch>())) {
      current_ = found.id;
      if (terminal(found.phase)) continue;
      try_command(ReleaseBatch{acme, found.id});
      for (std::uint32_t i = found.units_planned; i < units_per_batch; ++i) try_command(next_unit(found.plan, i));
      for (std::uint32_t i = 0; i < units_per_batch; ++i) {
        Progress nothing;
        nothing.tally.exhausted = items_per_unit;
        try_command(CloseUnit{acme, found.id, UnitIndex(i), nothing});
      }
      EXPECT_TRUE(terminal(scenario_.row<Batch>(key).phase));
    }
    EXPECT_EQ(ledger::balance(scenario_.state, ledger::reserved(acme)), Money{});
  }

  std::map<Phase, int> ends() const {
    std::map<Phase, int> ends;
    for (const auto& [key, found] : scenario_.state.all<Batch>()) ++ends[found.phase];
    return ends;
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
  std::string name() { return std::to_string(below(6)); }
  BatchId batch() { return current_ = BatchId("bat_" + name()); }
  UnitIndex unit() { return current_unit_ = UnitIndex(below(units_per_batch)); }
  Money price() { return Money::from_nanos(units_per_batch * (1 + std::int64_t{below(50)} * 1'000'000'007)); }

  // Mostly the attempt that counts.
  AttemptNumber attempt(std::uint32_t ahead) {
    const Unit* found = scenario_.state.find<Unit>({acme, current_, current_unit_});
    const std::uint32_t newest = found == nullptr ? 0 : found->attempt.value();
    return AttemptNumber(newest + ahead + (below(10) == 0 ? 1 : 0));
  }

  quote::LockQuote new_quote() {
    quote::LockQuote command = lock_quote(name(), plan(units_per_batch, items_per_unit, price()));
    if (below(2) == 0) command.terms.sla_tier = SlaTier::priority;
    if (below(4) == 0) command.terms.run_after = scenario_.now + std::chrono::minutes(below(60));
    return command;
  }

  SubmitBatch submission() {
    SubmitBatch command = submit(name());
    if (below(2) == 0) command.idempotency = Idempotency{Digest(name()), Digest("request")};
    return command;
  }

  // Mostly as many rows as the unit has items.
  std::uint32_t items() { return below(8) == 0 ? 9 : items_per_unit; }

  PlanUnits units() {
    const Batch* found = scenario_.state.find<Batch>({acme, current_});
    if (found == nullptr) return {acme, batch(), 0, {}};
    return next_unit(found->plan, below(10) == 0 ? below(units_per_batch) : found->units_planned);
  }

  PlanUnits next_unit(const quote::Plan& plan, std::uint32_t first) const {
    PlanUnits command = plan_units(current_.value().substr(4), plan);
    command.first = first;
    command.units.resize(1);
    return command;
  }

  Progress progress(std::uint32_t items) {
    Progress progress;
    for (std::uint32_t i = 0; i < items; ++i) {
      std::uint32_t Tally::*const ends[] = {&Tally::succeeded, &Tally::failed, &Tally::exhausted, &Tally::cancelled,
                                            &Tally::expired};
      ++(progress.tally.*ends[below(5)]);
    }
    progress.charged = Money::from_nanos(std::int64_t{below(60)} * 1'000'000'000);
    progress.provider_cost = Money::from_nanos(std::int64_t{below(30)} * 1'000'000'000);
    progress.segments.output = below(1'000);
    return progress;
  }

  void try_command(const Command& command) {
    const Result<Decision> decision = scenario_.when(command);
    if (decision.has_value()) record(decision->events);
  }

  void record(const Events& events) {
    for (const Event& event : events) {
      ASSERT_TRUE(scenario_.folds(event)) << "a decision that the fold refuses";
      check();
    }
  }

  void check() const {
    Money sum;
    for (const auto& [key, account] : scenario_.state.all<ledger::Account>()) {
      sum = sum + account.balance;
      if (ledger::owned_by_customer(account.id)) {
        ASSERT_GE(account.balance, Money{}) << account.id.value();
      }
    }
    ASSERT_EQ(sum, Money{}) << "money was made or lost";

    Money open;
    for (const auto& [key, reservation] : scenario_.state.all<ledger::Reservation>()) {
      ASSERT_GE(reservation.open(), Money{});
      open = open + reservation.open();
    }
    ASSERT_EQ(ledger::balance(scenario_.state, ledger::reserved(acme)), open);

    for (const auto& [key, found] : scenario_.state.all<Batch>()) check_batch(found);
  }

  void check_batch(const Batch& found) const {
    ASSERT_LE(found.units_closed, found.units_planned);
    ASSERT_LE(found.closed.tally.total() + found.open.tally.total(), found.plan.item_count);
    ASSERT_LE(found.closed.charged + found.open.charged, found.plan.total);
    if (!terminal(found.phase)) return;
    ASSERT_EQ(found.closed.tally.total(), found.plan.item_count);
    const auto& reservation = scenario_.row<ledger::Reservation>({acme, found.id});
    ASSERT_EQ(reservation.open(), Money{});
    ASSERT_EQ(reservation.captured, found.closed.charged);
  }

  std::mt19937 random_;
  Scenario scenario_;
  BatchId current_;
  UnitIndex current_unit_;
};

// Broken: some order of commands makes or loses money, overdraws a customer, or charges above the quote.
TEST(BatchProperties, hold_after_each_event_of_any_history) {
  std::map<Phase, int> ends;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    RandomOrg org(seed);
    for (int i = 0; i < 400 && !::testing::Test::HasFatalFailure(); ++i) org.step();
    org.finish();
    for (const auto& [phase, count] : org.ends()) ends[phase] += count;
    if (HasFailure()) return;
  }
  for (const Phase phase : {Phase::completed, Phase::cancelled, Phase::expired})
    EXPECT_GT(ends[phase], 5) << "histories too tame: " << to_string(phase);
}

}  // namespace
}  // namespace core::batch
