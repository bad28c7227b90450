#include "processors/overlay.h"

#include <gtest/gtest.h>

#include "processors/testing/fake_store.h"

namespace processors {
namespace {

using core::ledger::Account;
using processors::testing::FakeStore;

const core::Partition partition(0);
const core::AccountId mine("mine");

Account account(std::int64_t nanos) {
  return {mine, core::Money::from_nanos(nanos)};
}

std::vector<RowChange> changes_of(Overlay& overlay) {
  std::vector<RowChange> changes;
  overlay.take_changes(changes);
  return changes;
}

TEST(Overlay, shows_changes_over_the_store_and_gives_each_away_once) {
  FakeStore store;
  const std::string key = schemas::row_key<Account>({mine});
  ASSERT_TRUE(store.write(partition, {{key, schemas::encode_row(account(1))}}).has_value());
  Overlay overlay(store, partition);
  EXPECT_EQ(overlay.find<Account>({core::AccountId("other")}), nullptr);
  ASSERT_NE(overlay.find<Account>({mine}), nullptr);
  EXPECT_EQ(overlay.find<Account>({mine})->balance, core::Money::from_nanos(1));
  EXPECT_TRUE(changes_of(overlay).empty()) << "reading is no change";

  overlay.put(account(2));
  EXPECT_EQ(overlay.find<Account>({mine})->balance, core::Money::from_nanos(2));
  std::vector<RowChange> changes = changes_of(overlay);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, key);
  EXPECT_EQ(changes[0].value, schemas::encode_row(account(2)));
  EXPECT_TRUE(changes_of(overlay).empty());

  overlay.erase<Account>({mine});
  EXPECT_EQ(overlay.find<Account>({mine}), nullptr);
  changes = changes_of(overlay);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].value.has_value());
}

TEST(Overlay, forgets_what_it_has_read_when_it_grows_but_no_change) {
  FakeStore store;
  Overlay overlay(store, partition);
  for (int i = 0; i < 3'000; ++i) overlay.put(Account{core::AccountId(std::to_string(i)), {}});
  const std::vector<RowChange> changes = changes_of(overlay);
  EXPECT_EQ(changes.size(), 3'000u);
  EXPECT_NE(overlay.find<Account>({core::AccountId("7")}), nullptr) << "what was used lately stays";
  EXPECT_TRUE(changes_of(overlay).empty());
  EXPECT_EQ(overlay.find<Account>({core::AccountId("8")}), nullptr) << "now the store is asked";
  ASSERT_TRUE(store.write(partition, changes).has_value());
  EXPECT_NE(overlay.find<Account>({core::AccountId("9")}), nullptr);
}

// Broken: a row that cannot be read would look like one that is not there, and money would be made of it.
TEST(Overlay, says_that_a_row_could_not_be_read) {
  FakeStore damaged;
  ASSERT_TRUE(damaged.write(partition, {{schemas::row_key<Account>({mine}), "{"}}).has_value());
  Overlay overlay(damaged, partition);
  EXPECT_EQ(overlay.find<Account>({mine}), nullptr);
  ASSERT_TRUE(overlay.failure().has_value());
  EXPECT_EQ(overlay.failure()->code, core::ErrorCode::log_corrupt);

  FakeStore gone;
  gone.make_unreadable(schemas::row_prefix<Account>());
  Overlay other(gone, partition);
  EXPECT_EQ(other.find<Account>({mine}), nullptr);
  ASSERT_TRUE(other.failure().has_value());
  EXPECT_EQ(other.failure()->code, core::ErrorCode::storage_failed);
}

}  // namespace
}  // namespace processors
