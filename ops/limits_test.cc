#include "ops/limits.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

// Broken: idle clients take the descriptors that the journal needs.
TEST(Limits, connections_leave_descriptors_to_the_rest) {
  EXPECT_EQ(connections_that_fit(4096, 1u << 20), 4096);
  EXPECT_EQ(connections_that_fit(4096, 4096), 4096 - 512);
  EXPECT_EQ(connections_that_fit(4096, 1024), 512);
  EXPECT_EQ(connections_that_fit(4096, 1023), 255);
  EXPECT_EQ(connections_that_fit(4096, 256), 64);
  EXPECT_EQ(connections_that_fit(10, 256), 10);
}

TEST(Limits, threads_that_can_be_had) {
  EXPECT_TRUE(check_threads(20));
}

// Broken: a node whose disk cannot be looked at, or has room, calls itself full.
TEST(Limits, only_a_disk_known_to_be_full_is_a_fault) {
  EXPECT_FALSE(room_fault({"/", "/there is no such directory"}));
}

}  // namespace
}  // namespace ops
