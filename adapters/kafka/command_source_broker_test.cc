// Commands from a real broker. Broken: what other systems ask for would be lost, repeated or out of order.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "adapters/kafka/client.h"
#include "adapters/kafka/command_source.h"
#include "adapters/kafka/test_broker.h"

namespace adapters::kafka {
namespace {

using processors::BusRecord;

const core::Partition one(1);

class KafkaCommandSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NEEDS_BROKER();
    ASSERT_TRUE(prepare(settings));
    auto made = KafkaCommandSource::create(settings, null_log, null_metrics);
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    source = std::move(*made);
  }

  // "0", "1", … as records of partition 1.
  void produce(int from, int to) {
    const auto client = Client::create(Client::Kind::producer, settings, "crm", {}, {}, null_log, null_metrics);
    ASSERT_TRUE(client.has_value());
    const Topic topic(rd_kafka_topic_new((*client)->handle(), topic_name(settings, "commands").c_str(), nullptr));
    for (int i = from; i < to; ++i) {
      std::string value = std::to_string(i);
      ASSERT_EQ(rd_kafka_produce(topic.get(), 1, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), "org:1", 5, nullptr),
                0);
    }
    ASSERT_EQ(rd_kafka_flush((*client)->handle(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  // Takes everything, but says "full" to every seventh offer.
  processors::CommandSource::Take take() {
    return [this](const BusRecord& record) {
      const std::lock_guard lock(mutex);
      if (++offers % 7 == 0) return false;
      EXPECT_EQ(record.key, "org:1");
      taken.push_back(record.value);
      next = core::Offset(record.offset.value() + 1);
      return true;
    };
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return taken.size();
  }

  const Settings settings = test_settings();
  std::mutex mutex;
  std::vector<std::string> taken;
  core::Offset next;
  int offers = 0;
  std::unique_ptr<KafkaCommandSource> source;
};

TEST_F(KafkaCommandSourceTest, EachInOrderWhateverIsRefusedAndWhereverItBeginsAgain) {
  produce(0, 30);
  source->start(one, core::Offset(0), take());
  ASSERT_TRUE(eventually([&] { return count() == 30; }));
  produce(30, 40);
  ASSERT_TRUE(eventually([&] { return count() == 40; }));
  source->stop(one);
  produce(40, 50);
  source->start(core::Partition(0), core::Offset(0), take());
  EXPECT_EQ(count(), 40u) << "nothing comes of what was stopped";
  source->start(one, next, take());
  ASSERT_TRUE(eventually([&] { return count() == 50; }));
  for (std::size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i], std::to_string(i));
}

TEST_F(KafkaCommandSourceTest, ATopicThatWasCreatedAnewIsLeftAloneAndSaidSo) {
  class WordLog final : public processors::Log {
   public:
    void write(Level, std::string_view event, processors::Fields) override {
      if (event == "bus_commands_topic_created_anew") said = true;
    }
    std::atomic<bool> said = false;
  } log;
  produce(0, 3);
  auto made = KafkaCommandSource::create(settings, log, null_metrics);
  ASSERT_TRUE(made.has_value());
  (*made)->start(one, core::Offset(1'000), take());
  EXPECT_TRUE(eventually([&] { return log.said.load(); }));
  made->reset();
  EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace adapters::kafka
