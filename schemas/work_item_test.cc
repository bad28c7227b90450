#include "schemas/work_item.h"

#include <gtest/gtest.h>

#include "schemas/manifest/canonical_line.h"

namespace schemas {
namespace {

core::ManifestItem item() {
  core::ManifestItem item;
  item.customer_item_id = "7 8 9 \"id\"\n";
  item.operation = core::Operation::messages;
  item.models = {core::ModelSlug("small"), core::ModelSlug("large")};
  item.input = R"({"messages":[{"content":"1 2 3"}]})";
  item.metadata = R"({"k":" "})";
  item.max_cost = core::Money::from_nanos(5);
  item.input_tokens = 42;
  item.output_tokens_max = 100;
  return item;
}

// If this failed, a unit could not be run after it was planned.
TEST(WorkItem, ComesBackAsItWasWritten) {
  std::string canonical;
  manifest::write_canonical_line(item(), canonical);
  std::string lines = "before\n";
  append_work_item(lines, 4'294'967'295u, core::Money::from_nanos(9'223'372'036'854'775'807), 64, canonical);
  ASSERT_TRUE(lines.starts_with("before\n") && lines.ends_with("\n"));

  const auto work = parse_work_item(std::string_view(lines).substr(7, lines.size() - 8));
  ASSERT_TRUE(work.has_value());
  EXPECT_EQ(work->item.number, 4'294'967'295u);
  EXPECT_EQ(work->ceiling.nanos(), 9'223'372'036'854'775'807);
  EXPECT_EQ(work->output_tokens_max, 64);
  EXPECT_EQ(work->item.customer_item_id, item().customer_item_id);
  EXPECT_EQ(work->item.operation, core::Operation::messages);
  EXPECT_EQ(work->item.models, item().models);
  EXPECT_EQ(work->item.input, item().input);
  EXPECT_EQ(work->item.metadata, item().metadata);
  EXPECT_EQ(work->item.max_cost, item().max_cost);
  EXPECT_EQ(work->item.input_tokens, 42);
  EXPECT_EQ(work->item.output_tokens_max, 100);
}

TEST(WorkItem, WhatIsDamagedIsRefused) {
  std::string canonical;
  manifest::write_canonical_line(item(), canonical);
  std::string line;
  append_work_item(line, 1, core::Money::from_nanos(2), 3, canonical);
  line.pop_back();
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_TRUE(parse_work_item(line.substr(0, size)).has_error()) << size;
  for (const std::string& damaged :
       {"x 2 3 " + canonical, " 1 2 3 " + canonical, "1  2 3 " + canonical, "-1 2 3 " + canonical,
        "4294967296 2 3 " + canonical, "1 9223372036854775808 3 " + canonical, line + " "}) {
    const auto work = parse_work_item(damaged);
    ASSERT_TRUE(work.has_error()) << damaged;
    EXPECT_EQ(work.error().code, core::ErrorCode::blob_corrupt);
  }
}

}  // namespace
}  // namespace schemas
