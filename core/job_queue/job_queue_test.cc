#include <gtest/gtest.h>

#include "core/batch/rules.h"
#include "core/job_queue/rules.h"
#include "core/ledger/state.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::job_queue {
namespace {

using namespace core::testing;

const BatchId flushed("bat_flush");

Scenario funded(Money credits = cents(100)) {
  Scenario scenario(acme);
  scenario.given(verified_org(acme, credits));
  return scenario;
}

EnqueueJob enqueue(const std::string& name, std::uint32_t priority = 50) {
  EnqueueJob command;
  command.org = acme;
  command.job = JobId("job_" + name);
  command.type = "risk_report";
  command.payload = Digest("payload of " + name);
  command.priority = priority;
  return command;
}

// Of these jobs, from a quote of one item each at a cent.
FlushJobs flush(const std::vector<std::string>& names) {
  FlushJobs command;
  command.org = acme;
  command.submission = submit("flush");
  for (const std::string& name : names) command.jobs.emplace_back("job_" + name);
  command.estimated_tokens = 1'000;
  return command;
}

void lock(Scenario& scenario, std::uint32_t items) {
  scenario.carry_out(lock_quote("flush", plan(1, items, cents(items))));
}

// Runs the one unit of the flushed batch to its close.
Decision finish(Scenario& scenario, std::uint32_t items, std::uint32_t succeeded) {
  scenario.carry_out(plan_units("flush", plan(1, items, cents(items))));
  batch::CloseUnit close;
  close.org = acme;
  close.batch = flushed;
  close.unit = UnitIndex(0);
  close.progress.tally.succeeded = succeeded;
  close.progress.tally.failed = items - succeeded;
  close.progress.charged = cents(succeeded);
  return scenario.carry_out(close);
}

Outcome completed(const std::string& name) {
  Outcome outcome;
  outcome.job = JobId("job_" + name);
  outcome.input_tokens = 30;
  outcome.output_tokens = 12;
  outcome.charged = cents(1);
  outcome.list_cost = cents(2);
  outcome.row = {UnitIndex(0), 7, 90};
  return outcome;
}

Outcome failed(const std::string& name, Phase end, const std::string& error) {
  Outcome outcome;
  outcome.job = JobId("job_" + name);
  outcome.end = end;
  outcome.error = error;
  return outcome;
}

const Job& job(const Scenario& scenario, const std::string& name) {
  return scenario.row<Job>({acme, JobId("job_" + name)});
}
const QueueStats& stats(const Scenario& scenario) {
  return scenario.row<QueueStats>({acme});
}

TEST(JobQueue, lists_what_waits_by_priority_and_then_by_age) {
  Scenario scenario = funded();
  for (const auto& [name, priority] : {std::pair("a", 50u), {"b", 100u}, {"c", 50u}, {"d", 0u}})
    EXPECT_TRUE(are<JobEnqueued>(scenario.carry_out(enqueue(name, priority)).events));
  std::vector<std::string> order;
  for (const auto& [key, waiting] : scenario.state.all<WaitingJob>()) order.push_back(waiting.job.value());
  EXPECT_EQ(order, (std::vector<std::string>{"job_b", "job_a", "job_c", "job_d"}));
  EXPECT_EQ(scenario.refusal(enqueue("e", 101)), ErrorCode::invalid_request);
}

TEST(JobQueue, gives_the_same_job_for_the_same_key) {
  Scenario scenario = funded();
  EnqueueJob first = enqueue("a");
  first.idempotency = batch::Idempotency{Digest("key"), Digest("content")};
  scenario.carry_out(first);
  EnqueueJob again = first;
  again.job = JobId("job_b");
  const Decision replay = scenario.carry_out(again);
  EXPECT_TRUE(replay.replayed);
  EXPECT_EQ(replay.subject, "job_a");
  again.idempotency->fingerprint = Digest("other content");
  EXPECT_EQ(scenario.refusal(again), ErrorCode::idempotency_conflict);
  EXPECT_EQ(stats(scenario).total(), 1u);
}

TEST(JobQueue, is_bounded) {
  Scenario scenario = funded();
  QueueStats full;
  full.org = acme;
  full.pending = waiting_jobs_max;
  scenario.state.put(full);
  EXPECT_EQ(scenario.refusal(enqueue("a")), ErrorCode::too_many_requests);
}

TEST(JobQueue, cancels_only_what_waits) {
  Scenario scenario = funded();
  scenario.carry_out(enqueue("a"));
  scenario.carry_out(enqueue("b"));
  EXPECT_TRUE(are<JobCancelled>(scenario.carry_out(CancelJob{acme, JobId("job_a")}).events));
  EXPECT_TRUE(scenario.carry_out(CancelJob{acme, JobId("job_a")}).replayed);
  EXPECT_EQ(job(scenario, "a").phase, Phase::cancelled);
  EXPECT_EQ(scenario.refusal(CancelJob{acme, JobId("job_c")}), ErrorCode::job_not_found);
  EXPECT_EQ(scenario.refusal(CancelJob{other_org, JobId("job_b")}), ErrorCode::job_not_found);
  lock(scenario, 1);
  EXPECT_EQ(scenario.refusal(flush({"a"})), ErrorCode::job_already_started);
  scenario.carry_out(flush({"b"}));
  EXPECT_EQ(scenario.refusal(CancelJob{acme, JobId("job_b")}), ErrorCode::job_already_started);
}

// Broken: a job would be run and paid for twice, or a batch made without its jobs.
TEST(JobQueue, flushes_each_job_once_and_only_with_its_batch) {
  Scenario scenario = funded(cents(5));
  for (const char* name : {"a", "b", "c"}) scenario.carry_out(enqueue(name));
  EnqueueJob later = enqueue("later");
  later.run_after = scenario.now + std::chrono::hours(1);
  scenario.carry_out(later);
  lock(scenario, 2);
  EXPECT_EQ(scenario.refusal(flush({"a", "later"})), ErrorCode::job_already_started);
  EXPECT_EQ(scenario.refusal(flush({"a", "a"})), ErrorCode::job_already_started);
  EXPECT_EQ(scenario.refusal(flush({"a", "z"})), ErrorCode::job_not_found);
  EXPECT_EQ(scenario.refusal(flush({"a"})), ErrorCode::internal) << "one item for each job";

  const Decision decision = scenario.carry_out(flush({"a", "b"}));
  EXPECT_EQ(decision.subject, flushed.value());
  EXPECT_EQ(the<JobsFlushed>(decision.events).jobs.size(), 2u);
  EXPECT_EQ(the<batch::BatchAccepted>(decision.events).batch, flushed);
  EXPECT_EQ(scenario.row<ledger::Reservation>({acme, flushed}).amount, cents(2));
  EXPECT_EQ(job(scenario, "a").batch, flushed);
  EXPECT_EQ(stats(scenario).pending, 2u);
  EXPECT_EQ(stats(scenario).processing, 2u);
  EXPECT_EQ(scenario.state.all<WaitingJob>().size(), 2u);
  EXPECT_TRUE(scenario.carry_out(flush({"a", "b"})).replayed);

  FlushJobs other = flush({"b"});
  scenario.carry_out(lock_quote("other", plan(1, 1, cents(1))));
  other.submission = submit("other");
  EXPECT_EQ(scenario.refusal(other), ErrorCode::job_already_started);
  scenario.now += std::chrono::hours(2);
  scenario.carry_out(lock_quote("last", plan(1, 1, cents(1))));
  FlushJobs last = flush({"later"});
  last.submission = submit("last");
  EXPECT_TRUE(scenario.when(last).has_value()) << "it is due now";
}

TEST(JobQueue, leaves_the_jobs_waiting_when_credit_is_short) {
  Scenario scenario = funded(cents(1));
  scenario.carry_out(enqueue("a"));
  scenario.carry_out(enqueue("b"));
  lock(scenario, 2);
  EXPECT_EQ(scenario.refusal(flush({"a", "b"})), ErrorCode::insufficient_credits);
  EXPECT_EQ(stats(scenario).pending, 2u);
}

// Broken: jobs would stay "processing" for ever, or be counted twice after a crash.
TEST(JobQueue, closes_each_job_once_when_its_batch_has_ended) {
  Scenario scenario = funded();
  for (const char* name : {"a", "b", "c"}) scenario.carry_out(enqueue(name));
  lock(scenario, 3);
  scenario.carry_out(flush({"a", "b", "c"}));
  const CloseJobs all{
      acme,
      flushed,
      {completed("a"), failed("b", Phase::failed, "item_refused"), failed("c", Phase::cancelled, "batch_cancelled")}};
  EXPECT_EQ(scenario.refusal(all), ErrorCode::stale_report) << "the batch runs";

  scenario.now += std::chrono::hours(3);
  const Decision end = finish(scenario, 3, 1);
  EXPECT_EQ(the<JobsReady>(end.events).batch, flushed);
  EXPECT_TRUE(scenario.outstanding("collect/" + flushed.value()));

  scenario.now += std::chrono::hours(1);
  scenario.carry_out(CloseJobs{acme, flushed, {completed("a")}});
  EXPECT_EQ(the<JobsClosed>(scenario.carry_out(all).events).outcomes.size(), 2u) << "a is closed already";
  EXPECT_TRUE(scenario.carry_out(all).replayed);
  scenario.carry_out(CompleteEffect{"collect/" + flushed.value()});
  EXPECT_FALSE(scenario.outstanding("collect/" + flushed.value()));

  EXPECT_EQ(job(scenario, "a").phase, Phase::completed);
  EXPECT_EQ(job(scenario, "a").outcome, completed("a"));
  EXPECT_EQ(job(scenario, "a").ended_at, scenario.now - std::chrono::hours(1)) << "when the batch ended";
  EXPECT_EQ(job(scenario, "b").phase, Phase::failed);
  EXPECT_EQ(job(scenario, "c").phase, Phase::cancelled);
  EXPECT_EQ(stats(scenario).processing, 0u);
  EXPECT_EQ(stats(scenario).completed, 1u);
  EXPECT_EQ(stats(scenario).tokens, 42);
  EXPECT_EQ(stats(scenario).charged, cents(1));
  EXPECT_EQ(stats(scenario).list_cost, cents(2));
  EXPECT_EQ(stats(scenario).processing_time, 2 * std::chrono::hours(3)) << "of a and b";

  CloseJobs strange = all;
  strange.batch = BatchId("bat_other");
  EXPECT_EQ(scenario.refusal(strange), ErrorCode::internal);
}

TEST(JobQueue, is_told_nothing_of_batches_of_others) {
  Scenario scenario = funded();
  lock(scenario, 1);
  scenario.carry_out(submit("flush"));
  const Decision end = finish(scenario, 1, 1);
  EXPECT_FALSE(scenario.outstanding("collect/" + flushed.value()));
  EXPECT_TRUE(std::none_of(end.events.begin(), end.events.end(),
                           [](const Event& event) { return std::holds_alternative<JobsReady>(event); }));
}

TEST(JobQueueFold, refuses_what_cannot_have_happened) {
  Scenario scenario = funded();
  scenario.carry_out(enqueue("a"));
  EXPECT_FALSE(scenario.folds(JobEnqueued{acme, JobId("job_a"), "risk_report", Digest("x"), 1, {}, {}}));
  EXPECT_FALSE(scenario.folds(JobEnqueued{acme, JobId("job_b"), "risk_report", Digest("x"), 101, {}, {}}));
  EXPECT_FALSE(scenario.folds(JobCancelled{acme, JobId("job_b")}));
  EXPECT_FALSE(scenario.folds(JobsFlushed{acme, flushed, {JobId("job_b")}, 1}));
  EXPECT_FALSE(scenario.folds(JobsReady{acme, flushed}));
  EXPECT_FALSE(scenario.folds(JobsClosed{acme, flushed, {completed("a")}}));
}

}  // namespace
}  // namespace core::job_queue
