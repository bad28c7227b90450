// Tests over a real broker: at $BATCHROUTER_TEST_KAFKA (host:port), each with topics of its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "adapters/kafka/journal.h"
#include "adapters/kafka/settings.h"
#include "adapters/kafka/topics.h"
#include "processors/testing/null_log.h"
#include "processors/testing/null_metrics.h"

namespace adapters::kafka {

inline constexpr std::chrono::seconds test_hang{60};

inline std::string test_bootstrap() {
  const char* const value = std::getenv("BATCHROUTER_TEST_KAFKA");
  return value == nullptr ? "" : value;
}

inline bool broker_required() {
  const char* const value = std::getenv("BATCHROUTER_REQUIRE_KAFKA");
  return value != nullptr && std::string(value) == "1";
}

// At the beginning of a test's SetUp().
#define NEEDS_BROKER()                                                                            \
  if (::adapters::kafka::test_bootstrap().empty()) {                                              \
    if (::adapters::kafka::broker_required()) FAIL() << "BATCHROUTER_TEST_KAFKA names no broker"; \
    GTEST_SKIP() << "skipped: no broker";                                                         \
  }                                                                                               \
  static_assert(true)

inline Settings test_settings(std::uint32_t partitions = 2) {
  std::random_device random;
  Settings settings;
  settings.bootstrap_servers = test_bootstrap();
  settings.topic_prefix = "test-" + std::to_string(random()) + std::to_string(random());
  settings.instance = "node-1";
  settings.partitions = partitions;
  return settings;
}

inline processors::testing::NullLog null_log;
inline processors::testing::NullMetrics null_metrics;

inline std::unique_ptr<KafkaJournal> make_journal(const Settings& settings) {
  auto journal = KafkaJournal::create(settings, null_log, null_metrics);
  EXPECT_TRUE(journal) << journal.error().detail;
  return journal ? std::move(*journal) : nullptr;
}

inline bool prepare(const Settings& settings) {
  const auto cluster = prepare_topics(settings, null_log, null_metrics);
  EXPECT_TRUE(cluster) << cluster.error().detail;
  return cluster.has_value();
}

// Whether `holds` came true in good time.
inline bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + test_hang;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace adapters::kafka
