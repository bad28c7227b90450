// Broken if Kafka as a journal lost, doubled or reordered a record, confirmed one that does not count, or kept quiet
// about records that are gone.
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/client.h"
#include "adapters/kafka/journal.h"
#include "adapters/kafka/test_broker.h"
#include "processors/testing/journal_conformance.h"

namespace adapters::kafka {

using core::ErrorCode;
using core::Offset;
using core::Partition;
using processors::append_and_wait;
using processors::journal_record;
using processors::wait_for;

struct KafkaPlace {
  KafkaPlace() { need_broker(); }
  static void need_broker() { NEEDS_BROKER(); }

  Settings settings = test_settings();
  bool prepared = false;

  std::unique_ptr<processors::Journal> open() {
    if (!prepared && !prepare(settings)) return nullptr;
    prepared = true;
    return make_journal(settings);
  }
};

}  // namespace adapters::kafka

namespace adapters::kafka {
namespace {

// What `lost` was called with.
class Loss {
 public:
  processors::Journal::Lost callback() {
    return [state = state_](const core::Error& error) {
      const std::lock_guard lock(state->mutex);
      state->errors.push_back(error);
    };
  }
  std::vector<core::Error> errors() const {
    const std::lock_guard lock(state_->mutex);
    return state_->errors;
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<core::Error> errors;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

class KafkaJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEEDS_BROKER();
    ASSERT_TRUE(prepare(settings_));
  }

  static processors::JournalRecord record_of(const std::string& instance, std::int64_t epoch,
                                             const std::string& value) {
    auto record = journal_record(value, epoch);
    record.instance = instance;
    return record;
  }

  // Ends with the admin answering; the topic's name is the journal's.
  template <class Request>
  void administer(Request request) {
    const auto client = Client::create(Client::Kind::producer, settings_, "test", {}, {}, null_log, null_metrics);
    ASSERT_TRUE(client);
    const Queue queue(rd_kafka_queue_new((*client)->handle()));
    request((*client)->handle(), queue.get());
    const Event answer(rd_kafka_queue_poll(queue.get(), 30'000));
    ASSERT_NE(answer, nullptr);
    ASSERT_EQ(rd_kafka_event_error(answer.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void delete_records_before(std::int64_t offset) {
    administer([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
      const PartitionList list(rd_kafka_topic_partition_list_new(1));
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = offset;
      rd_kafka_DeleteRecords_t* deletion = rd_kafka_DeleteRecords_new(list.get());
      rd_kafka_DeleteRecords(handle, &deletion, 1, nullptr, queue);
      rd_kafka_DeleteRecords_destroy(deletion);
    });
  }
  void delete_topic() {
    administer([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
      rd_kafka_DeleteTopic_t* deletion = rd_kafka_DeleteTopic_new(topic_.c_str());
      rd_kafka_DeleteTopics(handle, &deletion, 1, nullptr, queue);
      rd_kafka_DeleteTopic_destroy(deletion);
    });
  }

  void refuse_large_records() {
    administer([&](rd_kafka_t* handle, rd_kafka_queue_t* queue) {
      rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str());
      rd_kafka_ConfigResource_set_config(resource, "max.message.bytes", "2000");
      rd_kafka_AlterConfigs(handle, &resource, 1, nullptr, queue);
      rd_kafka_ConfigResource_destroy(resource);
    });
  }

  static std::vector<std::string> values(processors::Journal& journal) {
    std::vector<std::string> found;
    for (const auto& stored : processors::read_records(journal, first_)) found.push_back(stored.record.value);
    return found;
  }

  Settings settings_ = test_settings();
  const std::string topic_ = topic_name(settings_, "journal");
  static inline const Partition first_{0};
};

TEST_F(KafkaJournalTest, AnIdleOwnerLearnsOfItsSuccessorAndIsRefused) {
  Loss old_loss, new_loss;
  const auto old_owner = make_journal(settings_), new_owner = make_journal(settings_);
  ASSERT_EQ(*old_owner->open(first_, old_loss.callback()), Offset(0));
  ASSERT_TRUE(append_and_wait(*old_owner, first_, record_of("old", 1, "old opens")));
  ASSERT_EQ(*new_owner->open(first_, new_loss.callback()), Offset(1));
  ASSERT_TRUE(append_and_wait(*new_owner, first_, record_of("new", 2, "new opens")));

  ASSERT_TRUE(eventually([&] { return !old_loss.errors().empty(); }));
  EXPECT_EQ(old_loss.errors()[0].code, ErrorCode::fenced);
  const auto late = append_and_wait(*old_owner, first_, record_of("old", 1, "late"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::fenced);
  old_owner->close(first_);
  EXPECT_EQ(old_loss.errors().size(), 1u);
  EXPECT_TRUE(new_loss.errors().empty());
  EXPECT_EQ(values(*new_owner), (std::vector<std::string>{"old opens", "new opens"}));
}

// What was confirmed to the one before the other's first record counts, and nothing of it after that.
TEST_F(KafkaJournalTest, OfTwoThatContendTheOlderIsConfirmedNothingBehindTheNewer) {
  Loss old_loss, new_loss;
  const auto old_owner = make_journal(settings_), new_owner = make_journal(settings_);
  ASSERT_TRUE(old_owner->open(first_, old_loss.callback()));
  ASSERT_TRUE(new_owner->open(first_, new_loss.callback()));
  ASSERT_TRUE(append_and_wait(*old_owner, first_, record_of("old", 1, "old opens")));
  std::vector<processors::Confirmation> confirmations;
  std::optional<core::Result<Offset>> taken_over;
  std::thread successor([&] { taken_over = append_and_wait(*new_owner, first_, record_of("new", 2, "new opens")); });
  for (int i = 0; i < 2'000; ++i) {
    confirmations.push_back(processors::append_record(*old_owner, first_, record_of("old", 1, std::to_string(i))));
  }
  successor.join();
  ASSERT_TRUE(*taken_over);
  std::int64_t last_confirmed = 0;
  for (auto& confirmation : confirmations) {
    const auto answer = wait_for(std::move(confirmation));
    if (answer) {
      last_confirmed = answer->value();
    } else {
      EXPECT_EQ(answer.error().code, ErrorCode::fenced) << answer.error().detail;
    }
  }
  EXPECT_LT(last_confirmed, (*taken_over)->value());
  EXPECT_TRUE(new_loss.errors().empty());
}

TEST_F(KafkaJournalTest, AFullQueueRefusesAndLosesNothing) {
  settings_.client_properties["queue.buffering.max.messages"] = "10";
  const auto journal = make_journal(settings_);
  ASSERT_TRUE(journal->open(first_, [](const core::Error&) {}));
  std::vector<processors::Confirmation> confirmations;
  for (int i = 0; i < 2'000; ++i) {
    confirmations.push_back(processors::append_record(*journal, first_, journal_record(std::to_string(i))));
  }
  std::vector<std::string> kept;
  for (int i = 0; i < 2'000; ++i) {
    const auto answer = wait_for(std::move(confirmations[static_cast<std::size_t>(i)]));
    if (answer) {
      EXPECT_EQ(*answer, Offset(static_cast<std::int64_t>(kept.size())));
      kept.push_back(std::to_string(i));
    } else {
      EXPECT_EQ(answer.error().code, ErrorCode::overloaded) << answer.error().detail;
    }
  }
  EXPECT_LT(kept.size(), 2'000u);
  // The last ones may have been read back before the producer has cleared their places.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto after = append_and_wait(*journal, first_, journal_record("after"));
  while (!after && after.error().code == ErrorCode::overloaded && std::chrono::steady_clock::now() < give_up) {
    after = append_and_wait(*journal, first_, journal_record("after"));
  }
  EXPECT_TRUE(after);
  kept.push_back("after");
  EXPECT_EQ(values(*journal), kept);
}

TEST_F(KafkaJournalTest, BytesThatWaitAreBounded) {
  settings_.pending_bytes_max = 100'000;
  const auto journal = make_journal(settings_);
  ASSERT_TRUE(journal->open(first_, [](const core::Error&) {}));
  std::vector<processors::Confirmation> confirmations;
  for (int i = 0; i < 20; ++i) {
    confirmations.push_back(processors::append_record(*journal, first_, journal_record(std::string(60'000, 'x'))));
  }
  std::size_t refused = 0;
  for (auto& confirmation : confirmations) {
    const auto answer = wait_for(std::move(confirmation));
    if (answer) continue;
    EXPECT_EQ(answer.error().code, ErrorCode::overloaded);
    ++refused;
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, 20u);
  EXPECT_TRUE(append_and_wait(*journal, first_, journal_record(std::string(200'000, 'x'))))
      << "one alone may be larger";
}

// A record that a broker refuses for good takes those behind it along, also what is on its way: the log has no hole.
TEST_F(KafkaJournalTest, ARefusedRecordLosesThePartitionAndNothingBehindItArrives) {
  const auto journal = make_journal(settings_);
  Loss loss;
  ASSERT_TRUE(journal->open(first_, loss.callback()));
  refuse_large_records();
  std::string incompressible(20'000, ' ');
  std::uint32_t state = 1;
  for (char& byte : incompressible) byte = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  std::vector<std::string> expected;
  std::int64_t epoch = 1;
  for (int round = 0; round < 10; ++round, ++epoch) {
    ASSERT_TRUE(journal->open(first_, loss.callback()));
    ASSERT_TRUE(append_and_wait(*journal, first_, journal_record("before", epoch)));
    auto refused = processors::append_record(*journal, first_, journal_record(incompressible, epoch));
    for (int i = 0; i < 200; ++i) processors::append_record(*journal, first_, journal_record("behind", epoch));
    const auto answer = wait_for(std::move(refused));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    ASSERT_TRUE(eventually([&] { return loss.errors().size() == static_cast<std::size_t>(round + 1); }));
    expected.push_back("before");
  }
  EXPECT_EQ(values(*journal), expected);
}

TEST_F(KafkaJournalTest, WhatWasDeletedIsMissed) {
  const auto journal = make_journal(settings_);
  ASSERT_TRUE(journal->open(first_, [](const core::Error&) {}));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_and_wait(*journal, first_, journal_record(std::to_string(i))));
  delete_records_before(3);
  const auto ignore = [](const processors::StoredRecord&) { return true; };
  const auto gone = journal->read(first_, Offset(1), ignore);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::log_corrupt);
  EXPECT_NE(gone.error().detail.find(topic_ + ", partition 0 begins at offset 3"), std::string::npos)
      << gone.error().detail;
  EXPECT_EQ(*journal->read(first_, Offset(3), ignore), Offset(5));
  const auto beyond = journal->read(first_, Offset(9), ignore);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::log_corrupt);
  EXPECT_NE(beyond.error().detail.find("ends at offset 5"), std::string::npos) << beyond.error().detail;
}

TEST_F(KafkaJournalTest, ATopicMadeAnewIsNoticed) {
  {
    const auto journal = make_journal(settings_);
    ASSERT_TRUE(journal->open(first_, [](const core::Error&) {}));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_and_wait(*journal, first_, journal_record(std::to_string(i))));
  }
  delete_topic();
  ASSERT_TRUE(eventually([&] { return prepare_topics(settings_, null_log, null_metrics).has_value(); }));
  const auto journal = make_journal(settings_);
  EXPECT_EQ(*journal->open(first_, [](const core::Error&) {}), Offset(0));
  ASSERT_TRUE(append_and_wait(*journal, first_, journal_record("of another log", 9)));
  const auto read = journal->read(first_, Offset(5), [](const processors::StoredRecord&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::log_corrupt);
}

TEST_F(KafkaJournalTest, AForeignRecordIsNamed) {
  const auto journal = make_journal(settings_);
  Loss loss;
  ASSERT_TRUE(journal->open(first_, loss.callback()));
  ASSERT_TRUE(append_and_wait(*journal, first_, journal_record("ours")));
  const auto client = Client::create(Client::Kind::producer, settings_, "test", {}, {}, null_log, null_metrics);
  ASSERT_TRUE(client);
  const Topic topic(rd_kafka_topic_new((*client)->handle(), topic_.c_str(), nullptr));
  std::string value = "{}";
  ASSERT_EQ(rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr, 0, nullptr), 0);
  ASSERT_TRUE(eventually([&] { return !loss.errors().empty(); }));
  EXPECT_EQ(loss.errors()[0].code, ErrorCode::unavailable);
  const auto read = journal->read(first_, Offset(0), [](const processors::StoredRecord&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::log_corrupt);
  EXPECT_NE(read.error().detail.find("partition 0, offset 1"), std::string::npos) << read.error().detail;
}

TEST_F(KafkaJournalTest, PartitionsComeAndGo) {
  const auto journal = make_journal(settings_);
  for (std::int64_t round = 0; round < 10; ++round) {
    Loss loss;
    ASSERT_EQ(*journal->open(first_, loss.callback()), Offset(round));
    ASSERT_TRUE(append_and_wait(*journal, first_, journal_record("once", round + 1)));
    journal->close(first_);
    const auto closed = append_and_wait(*journal, first_, journal_record("closed", round + 1));
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(loss.errors().empty());
  }
  journal->stop();
  EXPECT_EQ(journal->open(first_, [](const core::Error&) {}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace adapters::kafka

namespace processors {

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, JournalConformance, adapters::kafka::KafkaPlace);

}  // namespace processors
