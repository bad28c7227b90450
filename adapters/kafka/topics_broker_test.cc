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

  void alter(const std::string& topic, const std::string& name, const std::string& value) {
    const auto client = Client::create(Client::Kind::producer, settings_, "test", {}, {}, null_log, null_metrics);
    ASSERT_TRUE(client);
    const Queue queue(rd_kafka_queue_new((*client)->handle()));
    rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
    rd_kafka_ConfigResource_set_config(resource, name.c_str(), value.c_str());
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
  const std::string journal = topic_name(settings_, "journal");
  const std::pair<std::string, std::string> faults[] = {{"retention.ms", "604800000"},
                                                        {"cleanup.policy", "compact"},
                                                        {"max.message.bytes", "1048588"},
                                                        {"unclean.leader.election.enable", "true"}};
  // Each alteration replaces the one before it, so the settings that we wish for are gone too, but for the one named.
  for (const auto& [name, value] : faults) {
    alter(journal, name, value);
    EXPECT_THAT(refusal(settings_), AllOf(HasSubstr("topic " + journal + " has "), HasSubstr("--add-config")));
  }
  alter(topic_name(settings_, "nodes"), "cleanup.policy", "delete");
  alter(journal, "retention.ms", "-1");
  EXPECT_THAT(refusal(settings_), HasSubstr("max.message.bytes=1048588, which would lose or refuse records"));
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
