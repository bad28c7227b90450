// The projection onto a real broker, by publishers that die. Broken: a reader of the ledger alone, who has nothing of
// ours, would arrive at other balances than the service.
#include <gtest/gtest.h>

#include <map>

#include "adapters/kafka/client.h"
#include "adapters/kafka/consumer.h"
#include "adapters/kafka/public_log.h"
#include "adapters/kafka/test_broker.h"
#include "core/ledger/state.h"
#include "processors/projector/partition_projection.h"
#include "processors/testing/service.h"

namespace adapters::kafka {
namespace {

const core::Partition zero(0);

std::map<std::string, std::int64_t> sums_of_the_ledger(const Settings& settings) {
  std::map<std::string, std::int64_t> sums;
  const auto consumer = Consumer::create(settings, "analyst", topic_name(settings, "ledger"),
                                         {{"isolation.level", "read_committed"}}, null_log, null_metrics);
  EXPECT_TRUE(consumer.has_value() && (*consumer)->start(zero, RD_KAFKA_OFFSET_BEGINNING).has_value());
  bool at_end = false;
  EXPECT_TRUE(eventually([&] {
    while (const Message message = (*consumer)->next(std::chrono::milliseconds(100))) {
      at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (at_end) return true;
      const std::string json(static_cast<const char*>(message->payload), message->len);
      const auto after = [&](const std::string& name) { return json.substr(json.find(name) + name.size()); };
      const std::string account = after("\"account\":\"");
      sums[account.substr(0, account.find('"'))] += std::stoll(after("\"amount\":"));
    }
    return false;
  }));
  return sums;
}

TEST(ProjectionOnKafka, TheSumsOfTheLedgerAreTheBalancesWhoeverPublished) {
  NEEDS_BROKER();
  const Settings settings = test_settings();
  ASSERT_TRUE(prepare(settings));
  processors::testing::World world;
  processors::testing::Service service(world);
  service.open_account();
  service.run_to_the_end(service.submit(processors::testing::manifest_of(10)));
  const core::Offset end = world.journal.end(zero);

  // Every few records another publisher takes over from one that still lives, and may try again.
  std::unique_ptr<KafkaPublicLog> log, before;
  std::unique_ptr<processors::PartitionProjection> projection, zombie;
  for (std::int64_t next = 0; next <= end.value(); next += 4) {
    before = std::move(log);
    zombie = std::move(projection);
    log = std::make_unique<KafkaPublicLog>(settings, null_log, null_metrics);
    projection =
        std::make_unique<processors::PartitionProjection>(zero, world.journal, *log, service.reader, world.metrics);
    const auto step = projection->step(core::Offset(next));
    ASSERT_TRUE(step.has_value()) << step.error().detail;
    if (zombie) {
      EXPECT_EQ(zombie->step(end).error().code, core::ErrorCode::fenced);
    }
  }
  ASSERT_EQ(projection->step(end)->next, end);

  std::map<std::string, std::int64_t> balances;
  ASSERT_TRUE(service.reader
                  .list<core::ledger::Account>(core::aggregate_of(processors::testing::lab_customer),
                                               schemas::row_prefix<core::ledger::Account>(), "",
                                               processors::Order::oldest_first,
                                               [&](const core::ledger::Account& account) {
                                                 balances[account.id.value()] = account.balance.nanos();
                                                 return true;
                                               })
                  .has_value());
  EXPECT_EQ(sums_of_the_ledger(settings), balances);
}

}  // namespace
}  // namespace adapters::kafka
