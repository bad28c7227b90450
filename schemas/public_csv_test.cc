// Broken: a database that loads an export would get columns shifted, amounts rounded, or nothing.
#include "schemas/public_csv.h"

#include <gtest/gtest.h>

namespace schemas {
namespace {

const core::Timestamp noon = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours(12);

TEST(PublicCsv, has_a_column_for_each_member_and_the_decimal_beside_each_amount) {
  EXPECT_EQ(csv_header<PublicPosting>(),
            "posting,transfer,kind,org,account,amount,amount_usd,currency,batch,time,partition,offset,index\n");
  PublicPosting posting;
  posting.posting = "capture/bat_1/debit";
  posting.transfer = core::TransferId("capture/bat_1");
  posting.kind = core::ledger::TransferKind::capture;
  posting.org = core::OrgId("org_1");
  posting.account = core::AccountId("customer/org_1/reserved");
  posting.amount = core::Money::from_nanos(-1'234'567'891);
  posting.currency = "usd";
  posting.batch = core::BatchId("bat_1");
  posting.time = noon;
  posting.partition = core::Partition(3);
  posting.offset = core::Offset(17);
  posting.index = 2;
  EXPECT_EQ(
      csv_line(posting),
      "capture/bat_1/debit,capture/bat_1,capture,org_1,customer/org_1/reserved,-1234567891,-1.234567891,usd,bat_1,"
      "2026-03-01T12:00:00Z,3,17,2\n");
  posting.batch.reset();
  EXPECT_NE(csv_line(posting).find(",usd,,2026-03-01T12:00:00Z,"), std::string::npos) << "absent is empty";
}

TEST(PublicCsv, quotes_what_would_end_a_cell_and_doubles_quotes) {
  PublicPosting posting;
  posting.posting = "grant/\"a\",\nb";
  posting.currency = "usd";
  EXPECT_TRUE(csv_line(posting).starts_with("\"grant/\"\"a\"\",\nb\",,grant,"));
}

TEST(PublicCsv, gives_absent_amounts_both_of_their_columns_and_lists_as_json) {
  PublicQuote quote;
  quote.quote = core::QuoteId("qlock_1");
  quote.status = core::quote::Phase::consumed;
  quote.currency = "usd";
  quote.time = noon;
  const auto commas = [](const std::string& text) { return std::count(text.begin(), text.end(), ','); };
  EXPECT_EQ(commas(csv_line(quote)), commas(csv_header<PublicQuote>()));
  quote.routes = {
      {core::ProviderId("lab"), core::ModelSlug("small"), core::Mode::batch, 10, core::Money::from_cents(1)}};
  EXPECT_NE(
      csv_line(quote).find(
          R"(,"[{""provider"":""lab"",""model"":""small"",""mode"":""batch"",""item_count"":10,""total"":10000000}]",)"),
      std::string::npos);
}

}  // namespace
}  // namespace schemas
