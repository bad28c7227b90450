#include "adapters/random/random.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "schemas/tokens.h"

namespace adapters::random {
namespace {

using namespace std::chrono_literals;

TEST(Random, UlidsAreWellFormedDifferentAndOrderedByMillisecond) {
  const core::Timestamp start{1767225600s};
  std::set<std::string> seen;
  std::string last;
  for (int step = 0; step < 1000; ++step) {
    const std::string ulid = make_ulid(start + step * 1ms);
    EXPECT_TRUE(schemas::ulid_well_formed(ulid));
    EXPECT_LT(last, ulid);
    EXPECT_TRUE(seen.insert(ulid).second);
    last = ulid;
  }
  EXPECT_EQ(make_ulid(core::Timestamp{1469918176385ms}).substr(0, 10), "01aryz6s41");  // of the ULID specification
}

// If this failed, tokens would be easier to guess than their length says.
TEST(Random, Base62DigitsAreEquallyLikely) {
  constexpr int draws = 62'000;
  std::map<char, int> counts;
  for (const char digit : random_base62(draws)) ++counts[digit];
  EXPECT_EQ(counts.size(), 62u);
  // 1000 expected of each, standard deviation 31: ten of those are never seen by chance.
  for (const auto& [digit, count] : counts) EXPECT_NEAR(count, 1000, 310) << digit;
}

TEST(Random, BytesHaveTheLengthAskedFor) {
  for (const std::size_t count : {0u, 1u, 32u, 100'000u}) EXPECT_EQ(random_bytes(count).size(), count);
  EXPECT_NE(random_bytes(32), random_bytes(32));
}

TEST(Random, TokensNameTheirOrgAndAreNeverTheSame) {
  const core::OrgId org("org_" + make_ulid(core::Timestamp{1767225600s}));
  EXPECT_TRUE(schemas::api_key_well_formed(make_api_key(org).reveal()));
  for (const auto make : {make_api_key, make_session_token, make_one_time_token}) {
    EXPECT_EQ(schemas::org_of_token(make(org).reveal()), org);
    EXPECT_NE(make(org).reveal(), make(org).reveal());
  }
}

}  // namespace
}  // namespace adapters::random
