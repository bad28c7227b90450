// Broken if partitions were left without an owner or with two, if they moved before turns had ended, or if a node that
// died kept what it had.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <vector>

#include "adapters/kafka/client.h"
#include "adapters/kafka/ownership.h"
#include "adapters/kafka/test_broker.h"

namespace adapters::kafka {
namespace {

constexpr std::uint32_t partition_count = 4;

class Listener : public processors::OwnershipListener {
 public:
  void suspend(std::function<void()> suspended) override {
    {
      const std::lock_guard lock(mutex_);
      suspended_ = true;
      ++suspensions_;
    }
    suspended();
  }
  void assigned(std::vector<core::Partition> partitions) override {
    const std::lock_guard lock(mutex_);
    suspended_ = false;
    owned_ = {partitions.begin(), partitions.end()};
  }
  void lost() override {
    const std::lock_guard lock(mutex_);
    suspended_ = true;
  }

  // What it may take turns in.
  std::set<core::Partition> owned() const {
    const std::lock_guard lock(mutex_);
    return suspended_ ? std::set<core::Partition>() : owned_;
  }
  int suspensions() const {
    const std::lock_guard lock(mutex_);
    return suspensions_;
  }

 private:
  mutable std::mutex mutex_;
  bool suspended_ = true;
  int suspensions_ = 0;
  std::set<core::Partition> owned_;
};

class GroupOwnershipTest : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_BROKER();
    ASSERT_TRUE(prepare(settings_));
  }

  Settings settings(const std::string& instance) const {
    Settings own = settings_;
    own.instance = instance;
    own.session_timeout = std::chrono::seconds(6);  // the least that a broker allows by default
    own.heartbeat_interval = std::chrono::milliseconds(200);
    return own;
  }

  const Settings settings_ = test_settings(partition_count);
};

TEST_F(GroupOwnershipTest, TwoMembersShareAndOneThatLeavesHandsOverAtOnce) {
  Listener first_listener, second_listener;
  GroupOwnership first(settings("node-1"), null_log, null_metrics);
  ASSERT_TRUE(first.start(first_listener));
  ASSERT_TRUE(eventually([&] { return first_listener.owned().size() == partition_count; }));

  GroupOwnership second(settings("node-2"), null_log, null_metrics);
  ASSERT_TRUE(second.start(second_listener));
  ASSERT_TRUE(eventually([&] { return first_listener.owned().size() == 2 && second_listener.owned().size() == 2; }));
  EXPECT_GE(first_listener.suspensions(), 1);
  std::vector<core::Partition> shared;
  const auto one = first_listener.owned(), other = second_listener.owned();
  std::set_intersection(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(shared));
  EXPECT_TRUE(shared.empty());

  const auto before = std::chrono::steady_clock::now();
  second.stop();
  EXPECT_TRUE(second_listener.owned().empty());
  ASSERT_TRUE(eventually([&] { return first_listener.owned().size() == partition_count; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, settings("node-2").session_timeout) << "it did not leave";
  first.stop();
  first.stop();
  EXPECT_TRUE(first_listener.owned().empty());
}

// Does what a process does that is killed: it answers no more and does not leave.
TEST_F(GroupOwnershipTest, WhatADeadMemberHadGoesToTheOthers) {
  Client* dying = nullptr;
  std::size_t dying_has = 0;
  ClientCallbacks callbacks;
  callbacks.rebalanced = [&](rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) {
    const bool assigned = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    dying_has = assigned ? static_cast<std::size_t>(partitions->cnt) : 0;
    rd_kafka_assign(dying->handle(), assigned ? partitions : nullptr);
  };
  auto client = Client::create(Client::Kind::consumer, settings("node-2"), "owner",
                               {{"group.id", settings_.topic_prefix + ".owners"},
                                {"partition.assignment.strategy", "range"},
                                {"session.timeout.ms", "6000"},
                                {"heartbeat.interval.ms", "200"}},
                               std::move(callbacks), null_log, null_metrics);
  ASSERT_TRUE(client);
  dying = client->get();
  rd_kafka_poll_set_consumer(dying->handle());
  const PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic_name(settings_, "journal").c_str(), RD_KAFKA_PARTITION_UA);
  ASSERT_EQ(rd_kafka_subscribe(dying->handle(), topics.get()), RD_KAFKA_RESP_ERR_NO_ERROR);

  Listener listener;
  GroupOwnership living(settings("node-1"), null_log, null_metrics);
  ASSERT_TRUE(living.start(listener));
  ASSERT_TRUE(eventually([&] {
    const Message message(rd_kafka_consumer_poll(dying->handle(), 10));
    return dying_has == 2 && listener.owned().size() == 2;
  }));
  client->reset();
  EXPECT_TRUE(eventually([&] { return listener.owned().size() == partition_count; }));
}

TEST_F(GroupOwnershipTest, TurnsThatDoNotEndHoldNobodyUpForEver) {
  class Deaf final : public Listener {
    void suspend(std::function<void()>) override {}
  };
  Settings deaf_settings = settings("node-1");
  deaf_settings.suspend_timeout = std::chrono::milliseconds(100);
  Deaf deaf;
  Listener listener;
  GroupOwnership first(deaf_settings, null_log, null_metrics);
  GroupOwnership second(settings("node-2"), null_log, null_metrics);
  ASSERT_TRUE(first.start(deaf));
  ASSERT_TRUE(eventually([&] { return deaf.owned().size() == partition_count; }));
  ASSERT_TRUE(second.start(listener));
  EXPECT_TRUE(eventually([&] { return listener.owned().size() == 2; }));
  first.stop();
  EXPECT_TRUE(eventually([&] { return listener.owned().size() == partition_count; }));
}

}  // namespace
}  // namespace adapters::kafka
