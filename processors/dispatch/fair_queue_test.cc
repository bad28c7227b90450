#include "processors/dispatch/fair_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace processors {
namespace {

using Queue = FairQueue<std::string, int>;

std::optional<int> pop(Queue& queue) {
  return queue.pop([](const std::string&) { return true; });
}

TEST(FairQueue, FirstComeFirstServedWithinAnOwner) {
  Queue queue;
  EXPECT_FALSE(pop(queue));
  for (int i = 0; i < 10; ++i) queue.push("a", 50, i);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pop(queue), i);
  EXPECT_FALSE(pop(queue));
  EXPECT_EQ(queue.size(), 0u);
}

// If this failed, one large customer would stop all the others.
TEST(FairQueue, ALargeOwnerDoesNotDelayASmallOne) {
  Queue queue;
  for (int i = 0; i < 100'000; ++i) queue.push("large", 50, i);
  for (int i = 0; i < 10; ++i) queue.push("small", 50, -1 - i);
  int small = 0;
  for (int i = 0; i < 20; ++i) small += pop(queue) < 0 ? 1 : 0;
  EXPECT_EQ(small, 10);
  EXPECT_EQ(queue.size(), 99'990u);
}

TEST(FairQueue, WhoComesBackHasOneTurnAgain) {
  Queue queue;
  queue.push("a", 50, 1);
  EXPECT_EQ(pop(queue), 1);
  queue.push("b", 50, 10);
  queue.push("a", 50, 2);
  queue.push("a", 50, 3);
  queue.push("b", 50, 11);
  for (const int expected : {10, 2, 11, 3}) EXPECT_EQ(pop(queue), expected);
  EXPECT_FALSE(pop(queue));
}

TEST(FairQueue, TheMostUrgentFirst) {
  Queue queue;
  queue.push("a", 50, 1);
  queue.push("a", 90, 2);
  queue.push("a", 10, 3);
  queue.push("a", 90, 4);
  for (const int expected : {2, 4, 1, 3}) EXPECT_EQ(pop(queue), expected);
}

TEST(FairQueue, WhoMayNotHasNoTurnAndKeepsItsPlace) {
  Queue queue;
  queue.push("a", 50, 1);
  queue.push("b", 50, 2);
  EXPECT_EQ(queue.pop([](const std::string& owner) { return owner == "b"; }), 2);
  EXPECT_EQ(queue.pop([](const std::string&) { return false; }), std::nullopt);
  EXPECT_EQ(pop(queue), 1);
}

}  // namespace
}  // namespace processors
