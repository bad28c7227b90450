#include "processors/dispatch/fair_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace processors {
namespace {

using Queue = FairQueue<std::string, int>;

TEST(FairQueue, FirstComeFirstServedWithinAnOwner) {
  Queue queue;
  EXPECT_FALSE(queue.pop());
  for (int i = 0; i < 10; ++i) queue.push("a", i);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_FALSE(queue.pop());
  EXPECT_EQ(queue.size(), 0u);
}

// If this failed, one large customer would stop all the others.
TEST(FairQueue, ALargeOwnerDoesNotDelayASmallOne) {
  Queue queue;
  for (int i = 0; i < 100'000; ++i) queue.push("large", i);
  for (int i = 0; i < 10; ++i) queue.push("small", -1 - i);
  int small = 0;
  for (int i = 0; i < 20; ++i) small += queue.pop() < 0 ? 1 : 0;
  EXPECT_EQ(small, 10);
  EXPECT_EQ(queue.size(), 99'990u);
}

TEST(FairQueue, WhoComesBackHasOneTurnAgain) {
  Queue queue;
  queue.push("a", 1);
  EXPECT_EQ(queue.pop(), 1);
  queue.push("b", 10);
  queue.push("a", 2);
  queue.push("a", 3);
  queue.push("b", 11);
  for (const int expected : {10, 2, 11, 3}) EXPECT_EQ(queue.pop(), expected);
  EXPECT_FALSE(queue.pop());
}

TEST(FairQueue, TheMostUrgentFirst) {
  Queue queue;
  queue.push("a", 50, 1);
  queue.push("a", 90, 2);
  queue.push("a", 10, 3);
  queue.push("a", 90, 4);
  for (const int expected : {2, 4, 1, 3}) EXPECT_EQ(queue.pop(), expected);
}

TEST(FairQueue, WhoMayNotHasNoTurnAndKeepsItsPlace) {
  Queue queue;
  queue.push("a", 1);
  queue.push("b", 2);
  EXPECT_EQ(queue.pop([](const std::string& owner) { return owner == "b"; }), 2);
  EXPECT_EQ(queue.pop([](const std::string&) { return false; }), std::nullopt);
  EXPECT_EQ(queue.pop(), 1);
}

}  // namespace
}  // namespace processors
