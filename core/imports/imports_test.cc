#include <gtest/gtest.h>

#include <limits>

#include "core/imports/rules.h"
#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace core::imports {
namespace {

using namespace core::testing;

const Timestamp monday = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2};

DayTotals day(Timestamp when, std::uint64_t items, Money paid) {
  DayTotals day{when, small_model, Operation::responses, {}};
  day.totals.items = items;
  day.totals.paid = paid;
  return day;
}

RecordImport import(const std::string& name, std::vector<DayTotals> days) {
  RecordImport command;
  command.org = acme;
  command.import = ImportId("imp_" + name);
  command.provider = "openai";
  command.content = Digest("content of " + name);
  command.days = std::move(days);
  return command;
}

ImportDay day_row(Timestamp when) {
  return {acme, "openai", when, small_model, Operation::responses, {}};
}

// Broken: uploading one file twice would double the history that a report goes by.
TEST(RecordImport, adds_to_its_days_and_counts_the_same_content_once) {
  Scenario scenario(acme);
  const Timestamp tuesday = monday + std::chrono::days(1);
  scenario.carry_out(import("one", {day(tuesday, 2, cents(2)), day(monday, 3, cents(3))}));
  scenario.carry_out(import("two", {day(monday, 5, cents(5))}));
  RecordImport again = import("one", {day(monday, 9, cents(9))});
  again.import = ImportId("imp_other");
  EXPECT_EQ(scenario.carry_out(again).subject, "imp_one");

  EXPECT_EQ(scenario.row<ImportDay>(day_row(monday).key()).totals.items, 8u);
  EXPECT_EQ(scenario.row<ImportDay>(day_row(monday).key()).totals.paid, cents(8));
  const Import& one = scenario.row<Import>({acme, ImportId("imp_one")});
  EXPECT_EQ(one.totals.items, 5u);
  EXPECT_EQ(one.first_day, monday);
  EXPECT_EQ(one.last_day, tuesday);
}

// Broken: a client that sends again what it is not sure of would be told of something else.
TEST(RecordImport, a_key_is_good_for_one_content) {
  Scenario scenario(acme);
  RecordImport first = import("one", {day(monday, 1, cents(1))});
  first.idempotency = Digest("digest of a key");
  scenario.carry_out(first);
  RecordImport again = first;
  again.import = ImportId("imp_again");
  EXPECT_EQ(scenario.carry_out(again).subject, "imp_one");
  RecordImport other = import("two", {day(monday, 1, cents(1))});
  other.idempotency = first.idempotency;
  EXPECT_EQ(scenario.refusal(other), ErrorCode::idempotency_conflict);

  // A key that came with content already known is used all the same.
  again.idempotency = Digest("digest of another key");
  again.days.clear();
  EXPECT_EQ(scenario.carry_out(again).subject, "imp_one");
  EXPECT_EQ(scenario.carry_out(again).subject, "imp_one");
  other.idempotency = again.idempotency;
  EXPECT_EQ(scenario.refusal(other), ErrorCode::idempotency_conflict);
  EXPECT_EQ(scenario.row<Import>({acme, ImportId("imp_one")}).totals.items, 1u);
}

// Broken: made-up token counts would halt a partition, whose fold cannot take sums that do not fit.
TEST(RecordImport, refuses_what_does_not_fit) {
  constexpr Money huge = Money::from_nanos(std::numeric_limits<std::int64_t>::max());
  Scenario scenario(acme);
  EXPECT_EQ(scenario.refusal(import("none", {})), ErrorCode::invalid_request);
  EXPECT_EQ(scenario.refusal(import("many", std::vector<DayTotals>(import_days_max + 1))), ErrorCode::import_too_large);
  EXPECT_EQ(scenario.refusal(import("two", {day(monday, 1, huge), day(monday, 1, cents(1))})),
            ErrorCode::amount_out_of_range);
  scenario.carry_out(import("huge", {day(monday, 1, huge)}));
  EXPECT_EQ(scenario.refusal(import("more", {day(monday, 1, cents(1))})), ErrorCode::amount_out_of_range);
}

}  // namespace
}  // namespace core::imports
