// If this failed: a word of the public contract would be read as another one, or not at all.
#include "core/manifest.h"

#include <gtest/gtest.h>

namespace core {
namespace {

TEST(Manifest, words_of_the_contract_survive_a_round_trip) {
  for (const char* word : {"priority", "standard", "economy"}) {
    ASSERT_TRUE(sla_tier_from_string(word)) << word;
    EXPECT_EQ(to_string(*sla_tier_from_string(word)), word);
  }
  for (const char* word : {"cheapest", "sla_aware", "public_only", "quality"}) {
    ASSERT_TRUE(routing_mode_from_string(word)) << word;
    EXPECT_EQ(to_string(*routing_mode_from_string(word)), word);
  }
}

TEST(Manifest, other_words_are_refused) {
  for (const char* word : {"", "Standard", "standard ", "cheap"}) {
    EXPECT_FALSE(sla_tier_from_string(word)) << word;
    EXPECT_FALSE(routing_mode_from_string(word)) << word;
  }
}

TEST(Manifest, sla_windows_are_those_promised) {
  EXPECT_EQ(sla_window(SlaTier::priority), std::chrono::hours(1));
  EXPECT_EQ(sla_window(SlaTier::standard), std::chrono::hours(24));
  EXPECT_EQ(sla_window(SlaTier::economy), std::chrono::hours(72));
}

}  // namespace
}  // namespace core
