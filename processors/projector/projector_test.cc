// The projector's thread. Broken: public topics would stand still without anyone knowing, or tell what is not sure yet.
#include "processors/projector/projector.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/command.h"
#include "core/ledger/state.h"
#include "processors/testing/fake_journal.h"
#include "processors/testing/fake_public_log.h"
#include "processors/testing/fake_store.h"
#include "schemas/journal_codec.h"

namespace processors {
namespace {

using namespace processors::testing;

const core::Partition zero(0);
const core::Partition one(1);

class GaugeMetrics final : public Metrics {
 public:
  void count(std::string_view, Labels, double) override {}
  void set(std::string_view name, Labels labels, double value) override {
    const std::lock_guard lock(mutex_);
    gauges_[std::string(name) + "/" + std::string(labels.begin()->second)] = value;
  }
  void observe_seconds(std::string_view, Labels, double) override {}

  double gauge(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = gauges_.find(name);
    return found == gauges_.end() ? -1 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, double> gauges_;
};

class EventLog final : public Log {
 public:
  void write(Level, std::string_view event, Fields) override {
    const std::lock_guard lock(mutex_);
    events_.emplace(event);
  }
  bool has(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    return events_.contains(event);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> events_;
};

class ProjectorTest : public ::testing::Test {
 protected:
  void append(core::Partition partition, int grants) {
    for (int i = 0; i < grants; ++i) {
      const core::OrgId org("org_1");
      const std::string name = "grant/" + std::to_string(journal.end(partition).value());
      schemas::GroupWriter group(partition, {});
      group.add({core::CommandId("command"), core::aggregate_of(org),
                 core::ledger::TransferPosted{core::TransferId(name), core::ledger::TransferKind::grant, org,
                                              core::ledger::promotions(), core::ledger::available(org),
                                              core::Money::from_cents(1), core::BatchId()}});
      journal.append(partition, {core::Epoch(1), "a", {}, "", std::move(group).finish()},
                     [](const core::Result<core::Offset>&) {});
    }
  }
  std::size_t published(core::Partition partition) const { return topics.read(partition).records.size(); }

  static void wait_until(const std::function<bool()>& so) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came";
      std::this_thread::yield();
    }
  }

  FakeJournal journal;
  FakeStore store;
  const StateReader reader{store, 2};
  FakePublicTopics topics;
  FakePublicLog public_log{topics};
  GaugeMetrics metrics;
  EventLog log;
  Projector projector{{2, std::chrono::milliseconds(1), std::chrono::milliseconds(1), std::chrono::milliseconds(2)},
                      journal,
                      public_log,
                      reader,
                      metrics,
                      log};
};

TEST_F(ProjectorTest, PublishesWhatIsConfirmedOfWhatItOwns) {
  append(zero, 5);
  append(one, 3);
  projector.confirmed(zero, core::Offset(5));
  projector.own(one);
  projector.confirmed(one, core::Offset(2));
  wait_until([&] { return published(one) == 4; });
  projector.confirmed(one, core::Offset(3));
  wait_until([&] { return published(one) == 6; });
  EXPECT_EQ(published(zero), 0u) << "another process publishes it";
  projector.own(zero);
  wait_until([&] { return published(zero) == 10; });
  wait_until([&] { return metrics.gauge("batchrouter_projector_lag_records/0") == 0; });

  projector.release(zero);
  projector.own(zero);
  projector.confirmed(zero, core::Offset(5));
  projector.stop();
  EXPECT_EQ(published(zero), 10u) << "what is published stays published once";
}

TEST_F(ProjectorTest, TriesAgainUntilTheBusIsBack) {
  append(zero, 2'000);
  public_log.fail_next_begins(3);
  public_log.lose_next_acknowledgement();
  projector.own(zero);
  projector.confirmed(zero, core::Offset(2'000));
  wait_until([&] { return published(zero) == 4'000; });
  EXPECT_TRUE(log.has("projector_failed"));
  wait_until([&] { return metrics.gauge("batchrouter_projector_lag_records/0") == 0; });
}

TEST_F(ProjectorTest, StopsAtWhatItCannotReadAndSaysSoWhileOthersGoOn) {
  append(zero, 3);
  append(one, 1);
  journal.at(zero, core::Offset(1)).value = "no JSON";
  projector.own(zero);
  projector.own(one);
  projector.confirmed(zero, core::Offset(3));
  wait_until([&] { return metrics.gauge("batchrouter_projector_stopped/0") == 1; });
  EXPECT_TRUE(log.has("projector_stopped"));
  EXPECT_EQ(published(zero), 2u);
  EXPECT_EQ(metrics.gauge("batchrouter_projector_lag_records/0"), 2);
  projector.confirmed(one, core::Offset(1));
  wait_until([&] { return published(one) == 2; });
  projector.confirmed(zero, core::Offset(3));
  projector.stop();
  EXPECT_EQ(published(zero), 2u);
}

}  // namespace
}  // namespace processors
