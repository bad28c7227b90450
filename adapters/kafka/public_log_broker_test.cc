// The public topics on a real broker. Broken: readers would see a posting twice, or never.
#include <gtest/gtest.h>

#include <optional>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/public_log.h"
#include "adapters/kafka/test_broker.h"
#include "adapters/kafka/topics.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace adapters::kafka {
namespace {

using processors::PublicProgress;
using processors::PublicRecord;

const core::Partition one(1);

class KafkaPublicLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEEDS_BROKER();
    ASSERT_TRUE(prepare(settings));
    first.emplace(settings, log, metrics);
    second.emplace(settings, log, metrics);
  }

  static std::vector<PublicRecord> records(const std::string& name) {
    return {{"ledger", "org:1", {{"ce_id", name + ".debit"}, {"content-type", "application/json"}}, name + " debit"},
            {"ledger", "org:1", {{"ce_id", name + ".credit"}, {"content-type", "application/json"}}, name + " credit"},
            {"batches", "bat_1", {{"ce_id", name}}, name}};
  }
  static PublicProgress progress(std::int64_t next) {
    return {core::Offset(next), core::Epoch(next / 10), "instance " + std::to_string(next)};
  }

  // What a reader of what is committed finds in partition 1, up to the end.
  std::vector<std::string> committed(const std::string& word) {
    std::vector<std::string> values;
    const auto consumer = Consumer::create(settings, "reader", topic_name(settings, word),
                                           {{"isolation.level", "read_committed"}}, log, metrics);
    EXPECT_TRUE(consumer.has_value() && (*consumer)->start(one, RD_KAFKA_OFFSET_BEGINNING).has_value());
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < give_up) {
      const Message message = (*consumer)->next(std::chrono::milliseconds(100));
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return values;
      EXPECT_EQ(message->err, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_message_errstr(message.get());
      values.emplace_back(static_cast<const char*>(message->payload), message->len);
    }
    ADD_FAILURE() << "the end never came";
    return values;
  }

  // Produces as the publisher of the partition, so much that the newest progress is far from the end, and dies before
  // the commit.
  void die_before_the_commit(const std::string& value) {
    const auto client =
        Client::create(Client::Kind::producer, settings, "dies",
                       {{"transactional.id", settings.topic_prefix + ".projector.1"}}, {}, log, metrics);
    ASSERT_TRUE(client.has_value());
    rd_kafka_t* const handle = (*client)->handle();
    const Topic ledger(rd_kafka_topic_new(handle, topic_name(settings, "ledger").c_str(), nullptr));
    const Topic marks(rd_kafka_topic_new(handle, topic_name(settings, "progress").c_str(), nullptr));
    ASSERT_EQ(rd_kafka_init_transactions(handle, 20'000), nullptr);
    ASSERT_EQ(rd_kafka_begin_transaction(handle), nullptr);
    for (int i = 0; i < 100; ++i) {
      const Topic& topic = i == 0 ? ledger : marks;
      ASSERT_EQ(rd_kafka_producev(handle, RD_KAFKA_V_RKT(topic.get()), RD_KAFKA_V_PARTITION(1),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY("1", 1),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    ASSERT_EQ(rd_kafka_flush(handle, 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  const Settings settings = test_settings();
  processors::Log& log = null_log;
  processors::Metrics& metrics = null_metrics;
  std::optional<KafkaPublicLog> first;
  std::optional<KafkaPublicLog> second;
};

TEST_F(KafkaPublicLogTest, RecordsAndProgressComeTogetherAndSurvive) {
  auto begun = first->begin(one);
  ASSERT_TRUE(begun.has_value()) << begun.error().detail;
  EXPECT_FALSE(begun->has_value()) << "nothing was published yet";
  for (int i = 1; i <= 3; ++i) {
    const auto published = first->publish(one, records(std::to_string(i)), progress(i * 10));
    ASSERT_TRUE(published.has_value()) << published.error().detail;
  }
  ASSERT_TRUE(first->publish(one, {}, progress(40)).has_value()) << "progress alone";
  EXPECT_EQ(committed("ledger"),
            (std::vector<std::string>{"1 debit", "1 credit", "2 debit", "2 credit", "3 debit", "3 credit"}));
  EXPECT_EQ(committed("batches"), (std::vector<std::string>{"1", "2", "3"}));

  first->end(one);
  EXPECT_EQ(first->publish(one, {}, progress(50)).error().code, core::ErrorCode::unavailable);
  begun = second->begin(one);
  ASSERT_TRUE(begun.has_value()) << begun.error().detail;
  ASSERT_TRUE(begun->has_value());
  EXPECT_EQ((*begun)->next, core::Offset(40));
  EXPECT_EQ((*begun)->epoch, core::Epoch(4));
  EXPECT_EQ((*begun)->instance, "instance 40");
  const auto other = second->begin(core::Partition(0));
  EXPECT_TRUE(other.has_value() && !other->has_value()) << "each partition has its own";
}

TEST_F(KafkaPublicLogTest, AZombieAddsNothing) {
  ASSERT_TRUE(first->begin(one).has_value());
  ASSERT_TRUE(first->publish(one, records("old"), progress(10)).has_value());
  const auto begun = second->begin(one);
  ASSERT_TRUE(begun.has_value() && begun->has_value());
  EXPECT_EQ((*begun)->next, core::Offset(10));
  const auto late = first->publish(one, records("zombie"), progress(20));
  ASSERT_TRUE(late.has_error());
  EXPECT_EQ(late.error().code, core::ErrorCode::fenced) << late.error().detail;
  ASSERT_TRUE(second->publish(one, records("new"), progress(20)).has_value());
  EXPECT_EQ(committed("ledger"), (std::vector<std::string>{"old debit", "old credit", "new debit", "new credit"}));
  const auto again = first->begin(one);
  ASSERT_TRUE(again.has_value() && again->has_value()) << "it may begin anew";
  EXPECT_EQ((*again)->next, core::Offset(20));
}

TEST_F(KafkaPublicLogTest, WhatWasNotCommittedNeverHappened) {
  ASSERT_TRUE(first->begin(one).has_value());
  ASSERT_TRUE(first->publish(one, records("before"), progress(10)).has_value());
  ASSERT_NO_FATAL_FAILURE(die_before_the_commit(R"({"next": 99, "epoch": 9, "instance": "dead"})"));
  const auto begun = second->begin(one);
  ASSERT_TRUE(begun.has_value()) << begun.error().detail;
  ASSERT_TRUE(begun->has_value());
  EXPECT_EQ((*begun)->next, core::Offset(10));
  ASSERT_TRUE(second->publish(one, records("after"), progress(20)).has_value());
  EXPECT_EQ(committed("ledger"),
            (std::vector<std::string>{"before debit", "before credit", "after debit", "after credit"}));
}

TEST_F(KafkaPublicLogTest, WithoutAClusterItSaysSoInTime) {
  Settings nowhere = settings;
  nowhere.bootstrap_servers = "127.0.0.1:1";
  nowhere.request_timeout = std::chrono::milliseconds(300);
  KafkaPublicLog away(nowhere, log, metrics);
  EXPECT_EQ(away.begin(one).error().code, core::ErrorCode::unavailable);
}

}  // namespace
}  // namespace adapters::kafka
