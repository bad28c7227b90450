// Broken if a request went to a node that owns its partition no more, or if a node did not find the others.
#include <gtest/gtest.h>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/node_directory.h"
#include "adapters/kafka/test_broker.h"

namespace adapters::kafka {
namespace {

using core::Epoch;
using core::Partition;

class NodeDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_BROKER();
    ASSERT_TRUE(prepare(settings_));
  }

  std::unique_ptr<KafkaNodeDirectory> node(const std::string& name) const {
    Settings own = settings_;
    own.instance = name;
    auto directory = KafkaNodeDirectory::create(own, "http://" + name, null_log, null_metrics);
    EXPECT_TRUE(directory) << directory.error().detail;
    EXPECT_TRUE((*directory)->wait_until_read(test_hang));
    return std::move(*directory);
  }

  static bool finds(const KafkaNodeDirectory& directory, std::uint32_t partition, const std::string& name,
                    std::int64_t epoch) {
    return eventually([&] {
      const auto owner = directory.owner(Partition(partition));
      return owner && owner->instance == name && owner->url == "http://" + name && owner->epoch == Epoch(epoch);
    });
  }

  // What compaction would leave.
  std::string last_word_on_partition_0() const {
    const auto consumer =
        Consumer::create(settings_, "test", topic_name(settings_, "nodes"), {}, null_log, null_metrics);
    EXPECT_TRUE(consumer);
    EXPECT_TRUE((*consumer)->start(Partition(0), RD_KAFKA_OFFSET_BEGINNING));
    std::string last;
    for (Message message; message == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR;) {
      message = (*consumer)->next(test_hang);
      if (message == nullptr) break;
      const std::string_view key(static_cast<const char*>(message->key), message->key_len);
      if (key == "0") last.assign(static_cast<const char*>(message->payload), message->len);
    }
    return last;
  }

  const Settings settings_ = test_settings();
};

TEST_F(NodeDirectoryTest, TheNewestEpochIsFoundByAllAndByThoseThatComeLater) {
  const auto first = node("node-1");
  EXPECT_EQ(first->owner(Partition(0)), std::nullopt);
  first->announce(Partition(0), Epoch(1));
  first->announce(Partition(1), Epoch(4));
  const auto second = node("node-2");
  EXPECT_TRUE(finds(*second, 0, "node-1", 1));
  EXPECT_TRUE(finds(*second, 1, "node-1", 4));
  second->announce(Partition(0), Epoch(2));
  EXPECT_TRUE(finds(*first, 0, "node-2", 2));
  EXPECT_TRUE(finds(*first, 1, "node-1", 4));
  EXPECT_TRUE(finds(*node("node-3"), 0, "node-2", 2));
}

// Compaction keeps the last record of a key; that must not be the late word of a node that owns the partition no more.
TEST_F(NodeDirectoryTest, AnOlderOwnersLateWordIsOutdoneAndRubbishIsPassedOver) {
  const auto first = node("node-1");
  first->announce(Partition(0), Epoch(7));
  ASSERT_TRUE(finds(*node("node-2"), 0, "node-1", 7));

  const auto client = Client::create(Client::Kind::producer, settings_, "test", {}, {}, null_log, null_metrics);
  ASSERT_TRUE(client);
  const Topic topic(rd_kafka_topic_new((*client)->handle(), topic_name(settings_, "nodes").c_str(), nullptr));
  for (std::string value : {R"({"partition":0,"instance":"node-0","url":"http://node-0","epoch":6})", "{", "[]",
                            R"({"partition":99,"instance":"node-0","url":"http://node-0","epoch":6})"}) {
    ASSERT_EQ(rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), "0", 1, nullptr), 0);
  }
  ASSERT_EQ(rd_kafka_flush((*client)->handle(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);

  EXPECT_TRUE(eventually([&] { return last_word_on_partition_0().find("node-1") != std::string::npos; }));
  EXPECT_TRUE(finds(*node("node-3"), 0, "node-1", 7));
}

}  // namespace
}  // namespace adapters::kafka
