// Jobs that a batch took, closed by what its rows say: over a real partition loop, with a lane that does as it is told.
#include "processors/job_queue/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processors/job_queue/job_outcomes.h"
#include "processors/testing/service.h"
#include "schemas/queue/job_result.h"

namespace processors {
namespace {

using namespace processors::testing;
using core::Money;
using core::job_queue::Job;
using core::job_queue::Phase;
using core::job_queue::QueueStats;

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() { service.emplace(world); }

  void crash() {
    service.reset();
    world.blobs.crash();
    service.emplace(world);
  }

  static core::JobId job_id(std::uint32_t number) { return core::JobId("item_" + std::to_string(number)); }

  // So many jobs, in one batch. Each is an item of the manifest.
  void flush(std::uint32_t count) {
    service->open_account();
    core::job_queue::FlushJobs flush;
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_TRUE(service->carry_out(core::job_queue::EnqueueJob{
          lab_customer, job_id(i), "risk_report", core::Digest("payload"), 50, std::nullopt, std::nullopt}));
      flush.jobs.push_back(job_id(i));
    }
    core::Result<PlannedManifest> planned = service->plan(manifest_of(count));
    ASSERT_TRUE(planned.has_value() && planned->fault_count == 0);
    core::quote::LockQuote lock;
    lock.org = lab_customer;
    lock.quote = core::QuoteId("qlock_1");
    lock.terms = service->terms;
    lock.plan = planned->plan;
    lock.catalog_version = "sample";
    ASSERT_TRUE(service->carry_out(lock));
    flush.org = lab_customer;
    flush.submission.org = lab_customer;
    flush.submission.batch = batch;
    flush.submission.quote = lock.quote;
    ASSERT_TRUE(service->carry_out(flush));
  }

  void run_until_collected() {
    service->run_until([&] {
      return core::batch::terminal(service->batch(batch).phase) &&
             !service->outstanding(core::CollectJobs{lab_customer, batch});
    });
  }
  Job job(std::uint32_t number) const {
    return service->reader.find<Job>(core::aggregate_of(lab_customer), {lab_customer, job_id(number)})->value();
  }
  QueueStats stats() const {
    return service->reader.find<QueueStats>(core::aggregate_of(lab_customer), {lab_customer})->value();
  }

  const core::BatchId batch{"bat_00000000000000000000000009"};
  World world;
  std::optional<Service> service;
};

// Broken: a job would get another one's answer, or cost what it did not.
TEST_F(CollectorTest, closes_each_job_by_its_own_row) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return answer_with(item, item.number % 3 == 2 ? Verdict::item_fault : Verdict::succeeded);
  });
  flush(10);
  run_until_collected();
  Money charged;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const Job closed = job(i);
    ASSERT_TRUE(closed.outcome.has_value());
    EXPECT_EQ(closed.phase, i % 3 == 2 ? Phase::failed : Phase::completed);
    EXPECT_EQ(closed.outcome->error, i % 3 == 2 ? "refused" : "");
    const auto row = read_job_row(world.blobs, service->unit(batch, closed.outcome->row.unit.value()), *closed.outcome);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(schemas::queue::parse_job_row(*row)->job, job_id(i));
    charged = charged + closed.outcome->charged;
  }
  EXPECT_EQ(charged, service->batch(batch).closed.charged);
  EXPECT_EQ(stats().charged, charged);
  EXPECT_EQ(stats().list_cost, charged + charged) << "the batch lane is half of the synchronous one";
  EXPECT_EQ(stats().completed, 7u);
  EXPECT_EQ(stats().failed, 3u);
}

TEST_F(CollectorTest, cancels_the_jobs_that_a_cancelled_batch_did_not_answer) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) {
    return item.number < 4 ? std::optional(answer_with(item, Verdict::succeeded)) : std::nullopt;
  });
  flush(6);
  service->run_until([&] { return service->lane.runs.size() == 2; });
  ASSERT_TRUE(service->carry_out(core::batch::CancelBatch{lab_customer, batch}));
  run_until_collected();
  EXPECT_EQ(stats().completed, 4u);
  EXPECT_EQ(stats().cancelled, 2u);
  EXPECT_EQ(job(5).phase, Phase::cancelled);
}

// Broken: jobs would stay open when the journal was busy, or the process died while they were closed.
TEST_F(CollectorTest, begins_again_after_a_crash) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  flush(10);
  service->run_until([&] { return core::batch::terminal(service->batch(batch).phase); });
  crash();
  run_until_collected();
  EXPECT_EQ(stats().completed, 10u);
  EXPECT_EQ(stats().processing, 0u);
  const Money charged = stats().charged;
  EXPECT_EQ(charged, service->batch(batch).closed.charged);
  crash();
  service->settle();
  EXPECT_EQ(stats().charged, charged);
}

// Broken: one byte lost on a disk would keep all jobs of a batch open for ever.
TEST_F(CollectorTest, fails_the_jobs_whose_rows_cannot_be_read) {
  service->lane.answer_by([](const Attempt&, const LaneItem& item) { return answer_with(item, Verdict::succeeded); });
  flush(6);
  service->run_until([&] { return core::batch::terminal(service->batch(batch).phase); });
  const core::batch::Unit unit = service->unit(batch, 0);
  const std::string name = segment_name(unit, Artifact::output);
  crash();
  const auto whole = world.blobs.read_segment(name);
  ASSERT_TRUE(whole.has_value());
  std::string rows = *(*whole)->read(0, (*whole)->size());
  rows[0] = 'x';
  {
    auto segment = std::move(*world.blobs.open_segment(name));
    ASSERT_TRUE(segment->truncate(0).has_value());
    ASSERT_TRUE(segment->append(rows).has_value());
    ASSERT_TRUE(segment->sync().has_value());
  }
  run_until_collected();
  EXPECT_EQ(stats().processing, 0u);
  EXPECT_EQ(stats().failed, 1u);
  EXPECT_EQ(stats().completed, 5u);
  for (std::uint32_t i = 0; i < 6; ++i) {
    const Job closed = job(i);
    if (closed.phase != Phase::failed) continue;
    EXPECT_EQ(closed.outcome->error, result_unreadable);
    EXPECT_EQ(read_job_row(world.blobs, unit, *closed.outcome).error().code, core::ErrorCode::blob_corrupt);
  }
}

TEST_F(CollectorTest, says_when_rows_are_cut_off) {
  core::job_queue::Outcome outcome;
  outcome.job = job_id(0);
  outcome.row.bytes = 10;
  core::batch::Unit unit;
  unit.batch = batch;
  auto segment = std::move(*world.blobs.open_segment(segment_name(unit, Artifact::output)));
  ASSERT_TRUE(segment->append("short").has_value());
  ASSERT_TRUE(segment->sync().has_value());
  EXPECT_EQ(read_job_row(world.blobs, unit, outcome).error().code, core::ErrorCode::blob_corrupt);
}

}  // namespace
}  // namespace processors
