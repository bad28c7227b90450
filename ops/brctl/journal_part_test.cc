// If this fails, brctl reads another part of the journal than was asked for, or nothing, and says that all is well.
#include "ops/brctl/journal_part.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace ops::brctl {
namespace {

using Partitions = std::vector<core::Partition>;

TEST(JournalPart, is_all_of_it_or_what_is_named_once_and_in_order) {
  const auto all = journal_part({}, "", 3);
  ASSERT_TRUE(all.has_value());
  EXPECT_TRUE(all->all);
  EXPECT_EQ(all->partitions, (Partitions{core::Partition(0), core::Partition(1), core::Partition(2)}));
  EXPECT_FALSE(all->end || all->until);

  const auto named = journal_part({2, 0, 2}, "2023-11-14T22:13:50Z", 3);
  ASSERT_TRUE(named.has_value());
  EXPECT_FALSE(named->all);
  EXPECT_EQ(named->partitions, (Partitions{core::Partition(0), core::Partition(2)}));
  EXPECT_EQ(named->until, core::Timestamp(std::chrono::seconds(1'700'000'030)));
}

TEST(JournalPart, of_a_place_is_its_partition_alone_with_that_record) {
  const auto part = journal_part({0}, "2/1234", 3);
  ASSERT_TRUE(part.has_value());
  EXPECT_FALSE(part->all);
  EXPECT_EQ(part->partitions, Partitions{core::Partition(2)});
  EXPECT_EQ(part->end, core::Offset(1235));
  EXPECT_FALSE(part->until);
}

TEST(JournalPart, that_is_not_there_is_refused) {
  for (const auto& part : {journal_part({0, 3}, "", 3), journal_part({}, "3/0", 3), journal_part({}, "tomorrow", 3)}) {
    ASSERT_TRUE(part.has_error());
    EXPECT_EQ(part.error().code, core::ErrorCode::invalid_request);
  }
}

}  // namespace
}  // namespace ops::brctl
