// If these fail, a customer is told of money that is not there, or asked for money that is.
#include "api/funding.h"

#include <gtest/gtest.h>

#include "adapters/files/temporary_directory.h"
#include "adapters/rocksdb/state.h"

namespace api {
namespace {

using core::Money;

std::string preview(Money available, Money quote_total) {
  Balance balance;
  balance.available = available;
  balance.reserved = Money::from_cents(4'25);
  return funding_preview_json(balance, quote_total);
}

TEST(FundingTest, PreviewSaysWhatIsMissing) {
  EXPECT_EQ(preview(Money::from_cents(14'60), Money::from_cents(42)),
            R"({"available":{"amount":"14.60","currency":"usd"},"reserved":{"amount":"4.25","currency":"usd"},)"
            R"("quote_total":{"amount":"0.42","currency":"usd"},"shortfall":{"amount":"0.00","currency":"usd"},)"
            R"("can_fund":true})");
  const std::string exact = R"("shortfall":{"amount":"0.00","currency":"usd"},"can_fund":true})";
  EXPECT_TRUE(preview(Money::from_nanos(5), Money::from_nanos(5)).ends_with(exact));
  const std::string one_nano = R"("shortfall":{"amount":"0.000000001","currency":"usd"},"can_fund":false})";
  EXPECT_TRUE(preview(Money::from_nanos(4), Money::from_nanos(5)).ends_with(one_nano));
  const std::string all = R"("shortfall":{"amount":"3.00","currency":"usd"},"can_fund":false})";
  EXPECT_TRUE(preview(Money{}, Money::from_cents(3'00)).ends_with(all));
}

TEST(FundingTest, BalanceIsThatOfTheLastEntryOfTheBook) {
  using core::ledger::Book;
  using core::ledger::Entry;
  const adapters::files::TemporaryDirectory directory;
  const auto store = *adapters::rocksdb::RocksdbState::open_state(directory.path() / "state", 1, {});
  const processors::StateReader reader(*store, 1);
  const core::OrgId org("org_a");
  EXPECT_EQ(read_balance(reader, org)->available, Money{});

  Book book;
  book.org = org;
  book.entries = 2;
  book.granted = Money::from_cents(25'00);
  Entry entry;
  entry.org = org;
  entry.sequence = 2;
  entry.available_after = Money::from_cents(20'00);
  entry.reserved_after = Money::from_cents(5'00);
  const core::Partition partition(0);
  ASSERT_TRUE(store->write(partition, {{schemas::row_key<Book>(book.key()), schemas::encode_row(book)}}));
  EXPECT_EQ(read_balance(reader, org).error().code, core::ErrorCode::log_corrupt);
  ASSERT_TRUE(store->write(partition, {{schemas::row_key<Entry>(entry.key()), schemas::encode_row(entry)}}));
  const auto balance = read_balance(reader, org);
  ASSERT_TRUE(balance);
  EXPECT_EQ(balance->available, Money::from_cents(20'00));
  EXPECT_EQ(balance->reserved, Money::from_cents(5'00));
  EXPECT_EQ(balance->totals.granted, Money::from_cents(25'00));
}

}  // namespace
}  // namespace api
