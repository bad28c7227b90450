// If these fail, passwords can be guessed at full speed, or honest callers are locked out.
#include "api/rate_limiter.h"

#include <gtest/gtest.h>

namespace api {
namespace {

using namespace std::chrono_literals;

constexpr RateLimiter::Allowance six_a_minute{.per_minute = 6, .burst = 3};
const RateLimiter::Time start{100h};

TEST(RateLimiter, GivesABurstThenOneTokenAtATime) {
  RateLimiter limiter(10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", six_a_minute, start), 0s);
  EXPECT_EQ(limiter.take("a", six_a_minute, start), 10s);
  EXPECT_EQ(limiter.take("a", six_a_minute, start + 4s), 6s);  // asking in vain costs nothing
  EXPECT_EQ(limiter.take("a", six_a_minute, start + 10s), 0s);
  EXPECT_EQ(limiter.take("a", six_a_minute, start + 10s), 10s);
}

TEST(RateLimiter, ARestFillsTheBucketAndNoMore) {
  RateLimiter limiter(10);
  limiter.take("a", six_a_minute, start);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", six_a_minute, start + 1h), 0s);
  EXPECT_GT(limiter.take("a", six_a_minute, start + 1h), 0s);
}

TEST(RateLimiter, KeysDoNotShareABucket) {
  RateLimiter limiter(10);
  for (int i = 0; i < 3; ++i) limiter.take("a", six_a_minute, start);
  EXPECT_EQ(limiter.take("b", six_a_minute, start), 0s);
}

TEST(RateLimiter, ForgetsWhoAskedLeastRecently) {
  RateLimiter limiter(2);
  for (int i = 0; i < 3; ++i) limiter.take("a", six_a_minute, start);
  limiter.take("b", six_a_minute, start);
  limiter.take("c", six_a_minute, start);
  EXPECT_EQ(limiter.keys(), 2u);
  EXPECT_EQ(limiter.take("a", six_a_minute, start), 0s);
}

TEST(RateLimiter, CountsANetworkAsOneCaller) {
  EXPECT_EQ(address_group("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), address_group("2001:db8:1:2::9"));
  EXPECT_NE(address_group("2001:db8:1:2::9"), address_group("2001:db8:1:3::9"));
}

TEST(RateLimiter, KnowsLoopback) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(is_loopback(address));
  for (const char* address : {"192.0.2.7", "2001:db8::1", ""}) EXPECT_FALSE(is_loopback(address));
}

}  // namespace
}  // namespace api
