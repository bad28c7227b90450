// If these fail, an account's address and its org may lie with two nodes, and neither can log it in.
#include "api/org_placement.h"

#include <gtest/gtest.h>

#include <set>

#include "processors/testing/fake_store.h"

namespace api {
namespace {

TEST(OrgPlacement, PutsAnOrgIntoThePartitionOfItsAddress) {
  const processors::testing::FakeStore store;
  const core::Timestamp now{std::chrono::seconds(1'800'000'000)};
  for (const std::uint32_t partitions : {1u, 3u, 16u, 256u}) {
    const processors::StateReader reader(store, partitions);
    std::set<core::OrgId> orgs;
    for (int address = 0; address < 20; ++address) {
      const auto email = core::aggregate_of_email(core::Digest("digest " + std::to_string(address)));
      const core::Result<core::OrgId> org = make_org_id_beside(email, reader, now);
      ASSERT_TRUE(org.has_value());
      EXPECT_EQ(reader.partition(core::aggregate_of(*org)), reader.partition(email));
      orgs.insert(*org);
    }
    EXPECT_EQ(orgs.size(), 20u);
  }
}

}  // namespace
}  // namespace api
