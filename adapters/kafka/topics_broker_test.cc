// Broken if the service started on topics that lose records, refuse large ones, or are another service's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kafka/client.h"
#include "adapters/kafka/test_broker.h"
#include "adapters/kafka/topics.h"

namespace adapters::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TopicsTest : public ::testing::Test {
 protected:
  void SetUp() override { NEEDS_BROKER(); }

  static std::string refusal(const Settings& settings) {
    const auto answer = prepare_topics(settings, null_log, null_metrics);
    if (answer) return "no refusal";
    EXPECT_EQ(answer.error().code, core::ErrorCode::configuration_invalid);
    return answer.error().detail;
  }

  // The topic gets the settings that it should have, but for one.
  void spoil(const TopicPlan& plan, const std::string& name, const std::string& value) {
    const auto client = Client::create(Client::Kind::producer, settings_, "test", {}, {}, null_log, null_metrics);
    ASSERT_TRUE(client);
    const Queue queue(rd_kafka_queue_new((*client)->handle()));
    rd_kafka_ConfigResource_t* resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic_name(settings_, plan.word).c_str());
    for (const auto& [setting, wanted] : plan.configuration) {
      rd_kafka_ConfigResource_set_config(resource, setting.c_str(), setting == name ? value.c_str() : wanted.c_str());
    }
    rd_kafka_AlterConfigs((*client)->handle(), &resource, 1, nullptr, queue.get());
    rd_kafka_ConfigResource_destroy(resource);
    const Event answer(rd_kafka_queue_poll(queue.get(), 30'000));
    ASSERT_NE(answer, nullptr);
    ASSERT_EQ(rd_kafka_event_error(answer.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  Settings settings_ = test_settings();
};

TEST_F(TopicsTest, TheyAreCreatedOnceAndTheClusterIsNamed) {
  const auto first = prepare_topics(settings_, null_log, null_metrics);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->created.size(), topic_plans(settings_).size());
  EXPECT_FALSE(first->id.empty());
  settings_.create_topics = false;
  const auto second = prepare_topics(settings_, null_log, null_metrics);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_TRUE(second->created.empty());
  EXPECT_EQ(second->id, first->id);
}

TEST_F(TopicsTest, WhatIsMissingIsDescribedWhenItMustNotBeCreated) {
  settings_.create_topics = false;
  EXPECT_THAT(refusal(settings_), AllOf(HasSubstr(settings_.topic_prefix + ".journal is missing"),
                                        HasSubstr("2 partitions"), HasSubstr("retention.ms=-1")));
}

TEST_F(TopicsTest, AnotherNumberOfPartitionsIsRefused) {
  ASSERT_TRUE(prepare(settings_));
  settings_.partitions = 4;
  EXPECT_THAT(refusal(settings_),
              AllOf(HasSubstr(settings_.topic_prefix + ".journal has 2 partitions and 4 are configured"),
                    HasSubstr("configure 2")));
}

TEST_F(TopicsTest, SettingsThatLoseOrRefuseRecordsAreRefused) {
  ASSERT_TRUE(prepare(settings_));
  const TopicPlan journal = topic_plans(settings_)[0];
  const std::pair<std::string, std::string> faults[] = {{"retention.ms", "604800000"},
                                                        {"retention.bytes", "1000000"},
                                                        {"cleanup.policy", "compact,delete"},
                                                        {"max.message.bytes", "1048588"},
                                                        {"unclean.leader.election.enable", "true"}};
  for (const auto& [name, value] : faults) {
    spoil(journal, name, value);
    EXPECT_THAT(refusal(settings_),
                AllOf(HasSubstr("topic " + topic_name(settings_, "journal") + " has " + name + "=" + value),
                      HasSubstr("--add-config")));
  }
  spoil(journal, "none", "");
  ASSERT_TRUE(prepare(settings_));
  for (const TopicPlan& plan : topic_plans(settings_)) {
    if (plan.word == "nodes") spoil(plan, "cleanup.policy", "delete");
  }
  EXPECT_THAT(refusal(settings_), HasSubstr(".nodes has cleanup.policy=delete"));
}

TEST_F(TopicsTest, FewerInSyncReplicasThanAskedForAreRefused) {
  ASSERT_TRUE(prepare(settings_));
  settings_.min_insync_replicas = 2;
  EXPECT_THAT(refusal(settings_), HasSubstr("min.insync.replicas=1"));
}

TEST_F(TopicsTest, MoreReplicasThanBrokersAreRefusedInWords) {
  settings_.replication_factor = 17;
  EXPECT_THAT(refusal(settings_), AllOf(HasSubstr("creating topic"), HasSubstr("create it yourself with")));
}

}  // namespace
}  // namespace adapters::kafka
