#include "schemas/plan.h"

#include <gtest/gtest.h>

namespace schemas {
namespace {

// If this failed, no batch could be planned from its quote.
TEST(Plan, ComesBackAsItWasWritten) {
  PlanDocument plan;
  plan.metadata = R"({"note":"a \"quote\"\n"})";
  for (std::uint32_t i = 0; i < 1'000; ++i)
    plan.units.push_back({core::Digest("digest " + std::to_string(i)), i % 3, i, core::Money::from_nanos(i)});
  const std::string text = encode_plan(plan);
  EXPECT_EQ(text, encode_plan(plan)) << "equal plans are one blob";

  const auto decoded = decode_plan(text);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->metadata, plan.metadata);
  ASSERT_EQ(decoded->units.size(), 1'000u);
  EXPECT_EQ(decoded->units[7].blob, plan.units[7].blob);
  EXPECT_EQ(decoded->units[7].route, 1u);
  EXPECT_EQ(decoded->units[999].item_count, 999u);
  EXPECT_EQ(decoded->units[999].quoted.nanos(), 999);
}

TEST(Plan, WhatIsDamagedIsRefused) {
  const std::string text = encode_plan({"", {{core::Digest("d"), 0, 1, core::Money::from_nanos(1)}}});
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto decoded = decode_plan(text.substr(0, size));
    ASSERT_TRUE(decoded.has_error()) << size;
    EXPECT_EQ(decoded.error().code, core::ErrorCode::blob_corrupt);
  }
  EXPECT_TRUE(decode_plan("[]").has_error());
  EXPECT_TRUE(decode_plan(R"({"metadata":"","units":[{"item_count":-1}]})").has_error());
}

}  // namespace
}  // namespace schemas
