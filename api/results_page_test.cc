// If these fail, customers who page through results get a row twice, or never.
#include "api/results_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "adapters/blobs/local_blobs.h"
#include "adapters/files/temporary_directory.h"
#include "processors/artifacts.h"
#include "processors/dispatch/unit_results.h"

namespace api {
namespace {

using core::UnitIndex;
using core::batch::Unit;
using core::batch::UnitPhase;

// A batch whose units are answered by hand, through what answers them in earnest.
class ResultsPageTest : public testing::Test {
 protected:
  void plan(std::uint32_t unit_count) {
    for (std::uint32_t i = 0; i < unit_count; ++i) {
      Unit unit;
      unit.batch = batch;
      unit.index = UnitIndex(i);
      unit.phase = UnitPhase::dispatched;
      units.push_back(unit);
    }
  }

  // Every third item fails. Answered rows show once they are reported.
  void answer(std::uint32_t unit, int count = 1) {
    for (int i = 0; i < count; ++i) {
      schemas::ItemResult result;
      result.number = answered++;
      result.customer_item_id = "item" + std::to_string(result.number);
      if (result.number % 3 == 2) {
        result.outcome = schemas::ItemOutcome::failed;
        result.error_code = "refused";
      }
      result.text = std::string(result.number % 50, 'x');
      result.provider_body = R"({"id":"body)" + std::to_string(result.number) + R"("})";
      ASSERT_TRUE(results_of(unit).add(result));
    }
  }
  void report(std::uint32_t unit) {
    ASSERT_TRUE(results_of(unit).sync());
    units[unit].progress = results_of(unit).progress();
  }
  processors::UnitResults& results_of(std::uint32_t unit) {
    auto& opened = results[unit];
    if (!opened) {
      const core::Epoch epoch(1);
      opened = *processors::UnitResults::open(*blobs, units[unit], epoch, {});
      units[unit].epoch = epoch;
    }
    return *opened;
  }
  void close(std::uint32_t unit) {
    report(unit);
    units[unit].phase = UnitPhase::closed;
  }

  // Takes a page from `cursor` on and moves it, as text, to the next one.
  std::vector<std::string> next_page(ResultsCursor& cursor, std::size_t limit) {
    ResultsPage page(*blobs, batch, cursor, limit);
    for (std::uint32_t i = cursor.floor.value(); i < units.size(); ++i) {
      const auto more = page.add(units[i]);
      EXPECT_TRUE(more.has_value());
      if (more.has_error() || !*more) break;
    }
    EXPECT_LE(page.rows().size(), limit);
    cursor = *parse_results_cursor(to_text(page.cursor()));
    EXPECT_EQ(cursor, page.cursor());
    return page.rows();
  }

  static std::string id_of(const std::string& row) {
    const std::string marker = R"({"customer_item_id":")";
    EXPECT_TRUE(row.starts_with(marker)) << row;
    return row.substr(marker.size(), row.find('"', marker.size()) - marker.size());
  }

  static ResultsCursor first(RowForm form) {
    ResultsCursor cursor;
    cursor.form = form;
    return cursor;
  }

  adapters::files::TemporaryDirectory directory;
  std::unique_ptr<adapters::blobs::LocalBlobs> blobs = *adapters::blobs::LocalBlobs::open(directory.path());
  core::BatchId batch{"bat_0"};
  std::vector<Unit> units;
  std::map<std::uint32_t, std::unique_ptr<processors::UnitResults>> results;
  std::uint32_t answered = 0;
};

// Somebody who pages through the batch while it grows.
struct Walk {
  std::size_t limit;
  ResultsCursor cursor;
  std::map<std::string, int> seen = {};
};

TEST_F(ResultsPageTest, GivesEveryRowOnceWhileUnitsGrowOutOfOrder) {
  plan(3);
  std::vector<Walk> walks;
  for (const std::size_t limit : {1, 2, 3, 4, 5, 7, 20, 1000})
    for (const RowForm form : {RowForm::plain, RowForm::with_raw}) walks.push_back({limit, first(form)});
  const auto take_page = [this](Walk& walk) {
    for (const std::string& row : next_page(walk.cursor, walk.limit)) ++walk.seen[id_of(row)];
  };
  const auto all_take_a_page = [&] { std::for_each(walks.begin(), walks.end(), take_page); };

  all_take_a_page();  // nothing yet
  for (int turn = 0; turn < 9; ++turn) {
    answer(2, 2);
    if (turn % 2 == 0) answer(0);
    if (turn < 6) answer(1, turn % 3);
    if (turn % 4 != 1) report(0);
    if (turn == 6) close(1);
    report(turn % 2 == 0 ? 2 : 1);
    all_take_a_page();
  }
  for (const std::uint32_t unit : {2u, 0u}) {
    close(unit);
    all_take_a_page();
  }

  for (Walk& walk : walks) {
    for (int pages = 0; walk.cursor.floor != UnitIndex(3); ++pages) {
      ASSERT_LT(pages, 1000);
      take_page(walk);
    }
    EXPECT_TRUE(walk.cursor.taken.empty());
    EXPECT_EQ(walk.seen.size(), answered);
    for (const auto& [id, times] : walk.seen) EXPECT_EQ(times, 1) << id << " in pages of " << walk.limit;
  }
}

TEST_F(ResultsPageTest, PutsOutputBeforeErrorsOfEachUnit) {
  plan(2);
  answer(0, 4);
  answer(1, 2);
  close(0);
  close(1);
  ResultsCursor cursor = first(RowForm::plain);
  std::vector<std::string> ids;
  for (const std::string& row : next_page(cursor, 1000)) ids.push_back(id_of(row));
  EXPECT_EQ(ids, (std::vector<std::string>{"item0", "item1", "item3", "item2", "item4", "item5"}));
  EXPECT_EQ(cursor.floor, UnitIndex(2));
}

TEST_F(ResultsPageTest, RawBodiesGoWithTheirOwnRows) {
  plan(1);
  answer(0, 5);
  close(0);
  ResultsCursor cursor = first(RowForm::with_raw);
  std::size_t number = 0;
  for (int page = 0; page < 3; ++page) {
    for (const std::string& row : next_page(cursor, 2)) {
      EXPECT_EQ(id_of(row), "item" + std::to_string(number));
      EXPECT_TRUE(row.ends_with(R"(,"raw":{"id":"body)" + std::to_string(number) + R"("}})")) << row;
      ++number;
    }
  }
  EXPECT_EQ(number, 5u);
}

TEST_F(ResultsPageTest, LooksNoFurtherThanWhatIsReported) {
  plan(1);
  answer(0, 3);
  report(0);
  answer(0, 3);  // in the files, not in the report
  for (const RowForm form : {RowForm::plain, RowForm::with_raw}) {
    ResultsCursor cursor = first(form);
    EXPECT_EQ(next_page(cursor, 1000).size(), 3u);
    EXPECT_EQ(cursor.floor, UnitIndex(0));
    EXPECT_TRUE(next_page(cursor, 1000).empty());
  }
}

TEST_F(ResultsPageTest, LooksAtSoManyUnitsAheadAndNoMore) {
  const std::uint32_t last_seen = ResultsPage::units_ahead_max - 1;
  plan(last_seen + 3);
  for (const std::uint32_t unit : {1u, last_seen, last_seen + 1, last_seen + 2}) {
    answer(unit);
    close(unit);
  }
  ResultsCursor cursor = first(RowForm::plain);
  EXPECT_EQ(next_page(cursor, 1000).size(), 2u);
  EXPECT_EQ(cursor.taken.size(), 2u);
  answer(0);
  close(0);
  EXPECT_EQ(next_page(cursor, 1000).size(), 3u);  // the floor moved by two units
  EXPECT_EQ(cursor.floor, UnitIndex(2));
}

TEST_F(ResultsPageTest, SaysWhenLessIsStoredThanWasReported) {
  plan(1);
  answer(0, 3);
  report(0);
  ASSERT_TRUE((*blobs->open_segment(processors::segment_name(units[0], processors::Artifact::output)))->truncate(10));
  for (const RowForm form : {RowForm::plain, RowForm::with_raw}) {
    ResultsPage page(*blobs, batch, first(form), 10);
    EXPECT_EQ(page.add(units[0]).error().code, core::ErrorCode::blob_corrupt);
  }
}

TEST(ResultsCursorTest, WhatIsNoCursorIsRefused) {
  for (const char* text : {"", "p", "x 1", "p ", "p -1", "p 1 ", "p 1 2", "p 1 2:3", "p 1 2:3:4:5", "r 1 2:3:4", "p1",
                           "p 1 2:3:4 ", "p 1  2:3:4", "p 4294967296", "p 1 2:3:99999999999999999999"})
    EXPECT_TRUE(parse_results_cursor(text).has_error()) << text;
}

}  // namespace
}  // namespace api
