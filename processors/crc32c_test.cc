// If these fail, logs written by one build or machine cannot be read by another.
#include "processors/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace processors {
namespace {

TEST(Crc32c, KnowsThePublishedVectors) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32c, TheInstructionAndTheTableAgreeAtEveryLengthAndAlignment) {
  std::mt19937 random(1);
  std::string bytes(100, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t length = 0; from + length <= bytes.size(); ++length) {
      const std::string_view part = std::string_view(bytes).substr(from, length);
      ASSERT_EQ(crc32c(part), crc32c_portable(part));
    }
  }
}

}  // namespace
}  // namespace processors
