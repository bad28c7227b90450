// Broken if a fault of the cluster made the journal hang, guess, or leave a record out of the middle. Over librdkafka's
// imitation of a cluster, which fails when it is told to.
#include "adapters/kafka/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "adapters/kafka/test_broker.h"
#include "adapters/kafka/test_mock_cluster.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::kafka {
namespace {

using core::ErrorCode;
using core::Offset;
using core::Partition;
using processors::append_and_wait;
using processors::append_record;
using processors::journal_record;
using processors::wait_for;

class FaultyClusterTest : public ::testing::Test {
 protected:
  FaultyClusterTest() {
    settings_.bootstrap_servers = cluster_.bootstrap();
    settings_.request_timeout = std::chrono::seconds(3);
    settings_.append_timeout = std::chrono::seconds(2);
    cluster_.create_topic(topic_name(settings_, "journal"), 2);
    journal_ = make_journal(settings_);
  }

  core::Result<Offset> open(Partition partition) {
    return journal_->open(partition, [this, partition](core::Error error) {
      const std::lock_guard lock(mutex_);
      losses_.emplace_back(partition, std::move(error));
    });
  }
  std::vector<std::pair<Partition, core::Error>> losses() const {
    const std::lock_guard lock(mutex_);
    return losses_;
  }
  std::vector<std::string> values(Partition partition) {
    std::vector<std::string> found;
    for (const auto& stored : processors::read_records(*journal_, partition)) found.push_back(stored.record.value);
    return found;
  }

  // As often as it takes: on a slow machine an append may run out of its time once more.
  void take_over() {
    std::int64_t epoch = 1;
    ASSERT_TRUE(eventually(
        [&] { return open(first_) && append_and_wait(*journal_, first_, journal_record("the next epoch", ++epoch)); }));
  }

  MockCluster cluster_;
  Settings settings_ = test_settings();
  mutable std::mutex mutex_;
  std::vector<std::pair<Partition, core::Error>> losses_;
  std::unique_ptr<KafkaJournal> journal_;
  const Partition first_{0};
  const Partition second_{1};
};

// One at a time: the mock cluster, unlike a broker, does not refuse a record that overtakes one that is tried again.
TEST_F(FaultyClusterTest, WhatIsTriedAgainInsideIsConfirmed) {
  ASSERT_TRUE(open(first_));
  std::int64_t offset = 0;
  for (const auto fault : {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                           RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT}) {
    cluster_.fail_next_appends({fault});
    const auto answer = append_and_wait(*journal_, first_, journal_record(std::to_string(offset)));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(*answer, Offset(offset++));
  }
  EXPECT_TRUE(losses().empty());
}

TEST_F(FaultyClusterTest, ARefusedRecordLosesItsPartitionOnly) {
  ASSERT_TRUE(open(first_));
  ASSERT_TRUE(open(second_));
  ASSERT_TRUE(append_and_wait(*journal_, first_, journal_record("before")));
  cluster_.fail_next_appends({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const auto refused = append_and_wait(*journal_, first_, journal_record("refused"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  ASSERT_TRUE(eventually([&] { return !losses().empty(); }));
  ASSERT_EQ(losses().size(), 1u) << "the other partition had nothing that waited";
  EXPECT_EQ(losses()[0].first, first_);
  EXPECT_EQ(losses()[0].second.code, ErrorCode::unavailable);

  ASSERT_EQ(*open(first_), Offset(1));
  ASSERT_TRUE(append_and_wait(*journal_, first_, journal_record("the next epoch", 2)));
  ASSERT_TRUE(append_and_wait(*journal_, second_, journal_record("undisturbed")));
  EXPECT_EQ(values(first_), (std::vector<std::string>{"before", "the next epoch"}));
}

TEST_F(FaultyClusterTest, WithoutABrokerAppendsAreGivenUpAndLaterAllIsWell) {
  ASSERT_TRUE(open(first_));
  ASSERT_TRUE(append_and_wait(*journal_, first_, journal_record("0")));
  cluster_.go_away();
  std::vector<processors::Confirmation> confirmations;
  for (int i = 1; i < 5; ++i) {
    confirmations.push_back(append_record(*journal_, first_, journal_record(std::to_string(i))));
  }
  for (auto& confirmation : confirmations) {
    const auto answer = wait_for(std::move(confirmation));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  }
  ASSERT_TRUE(eventually([&] { return losses().size() == 1; }));
  EXPECT_EQ(losses()[0].second.code, ErrorCode::unavailable);
  const auto still_away = open(first_);
  ASSERT_FALSE(still_away);
  EXPECT_EQ(still_away.error().code, ErrorCode::unavailable);
  const auto unread = journal_->read(first_, Offset(0), [](const processors::StoredRecord&) { return false; });
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().code, ErrorCode::unavailable);

  cluster_.come_back();
  take_over();
  auto found = values(first_);
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found.back(), "the next epoch");
  while (!found.empty() && found.back() == "the next epoch") found.pop_back();
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], std::to_string(i)) << "a hole";
}

// The broker writes the record, and says so too late.
TEST_F(FaultyClusterTest, AnOutcomeThatComesTooLateIsUnknown) {
  ASSERT_TRUE(open(first_));
  cluster_.answer_after_milliseconds(3'000);
  const auto answer = append_and_wait(*journal_, first_, journal_record("slow"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  cluster_.answer_after_milliseconds(0);
  take_over();
  EXPECT_EQ(values(first_).back(), "the next epoch");
}

TEST_F(FaultyClusterTest, ItStopsInBoundedTimeWhileTheBrokerIsAway) {
  ASSERT_TRUE(open(first_));
  cluster_.go_away();
  auto waiting = append_record(*journal_, first_, journal_record("never"));
  journal_->stop();
  const auto answer = wait_for(std::move(waiting));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(losses().empty());
}

TEST(ClientTest, PropertiesThatWeRelyOnAreRefusedByNameAndNoSecretIsRepeated) {
  const auto refusal = [](const std::string& name, const std::string& value) {
    Settings settings = test_settings();
    settings.bootstrap_servers = "127.0.0.1:1";
    settings.client_properties[name] = value;
    const auto journal = KafkaJournal::create(settings, null_log, null_metrics);
    EXPECT_FALSE(journal);
    if (journal) return std::string("no refusal");
    EXPECT_EQ(journal.error().code, ErrorCode::configuration_invalid);
    EXPECT_THAT(journal.error().detail, ::testing::Not(::testing::HasSubstr("s3cret")));
    return journal.error().detail;
  };
  for (const char* name : {"acks", "enable.idempotence", "isolation.level", "group.id", "transactional.id"}) {
    EXPECT_EQ(refusal(name, "1"),
              "the client property " + std::string(name) + " is set by BatchRouter itself; remove it");
  }
  EXPECT_THAT(refusal("sasl.pasword", "s3cret"), ::testing::HasSubstr("knows no client property sasl.pasword"));
  EXPECT_THAT(refusal("security.protocol", "s3cret"), ::testing::HasSubstr("does not take the value"));
}

}  // namespace
}  // namespace adapters::kafka
