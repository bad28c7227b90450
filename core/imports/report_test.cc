// If these fail, customers are told of savings, drifts or routes that their own history does not show.
#include "core/imports/report.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/imports/vendor_model.h"
#include "core/testing/samples.h"

namespace core::imports {
namespace {

const ProviderId rival("rival");
const ModelSlug big("big"), small("small"), vectors("vectors");

Timestamp day(int month, int of_month) {
  return std::chrono::sys_days(std::chrono::year(2026) / month / of_month);
}

Prices per_million(std::int64_t input, std::int64_t cached, std::int64_t output) {  // cents
  return {TokenPrice::from_picos(input * 10'000), TokenPrice::from_picos(cached * 10'000),
          TokenPrice::from_picos(output * 10'000)};
}

// OpenAI sells "big" and "small"; a rival sells "fair", as good as "big" and cheaper, in batches too.
Catalog market_catalog() {
  const std::vector<Operation> chat{Operation::responses, Operation::chat_completions};
  const ModelSlug fair("fair");
  return Catalog("test", {{testing::openai, "OpenAI", 0.9}, {rival, "Rival", 0.9}},
                 {{big, "Big", testing::openai, chat, 100'000, 4'000, 0.9},
                  {small, "Small", testing::openai, chat, 100'000, 4'000, 0.5},
                  {fair, "Fair", rival, chat, 100'000, 4'000, 0.89}},
                 {{testing::openai, big, Mode::sync, per_million(200, 20, 800), {}, {"global"}},
                  {testing::openai, big, Mode::batch, per_million(100, 10, 400), {}, {"global"}},
                  {testing::openai, small, Mode::batch, per_million(10, 1, 40), {}, {"global"}},
                  {rival, fair, Mode::batch, per_million(50, 5, 100), {}, {"global"}}});
}

struct Fixture : ::testing::Test {
  Report report() {
    const auto made = make_report(basis, {catalog, lanes, scores, std::chrono::hours(12)});
    EXPECT_TRUE(made);
    return made ? *made : Report{};
  }

  Result<Report> try_report() { return make_report(basis, {catalog, lanes, scores, std::chrono::hours(12)}); }

  ImportDay& imported(Timestamp at, const ModelSlug& model, std::uint64_t succeeded, std::uint64_t invalid = 0) {
    ImportDay row{testing::acme, "openai", at, model, Operation::responses, {}};
    row.totals.items = row.totals.succeeded = succeeded;
    row.totals.invalid = invalid;
    basis.imported.push_back(row);
    return basis.imported.back();
  }
  learning::ServedDay& served(Timestamp at, std::uint64_t succeeded) {
    learning::ServedDay row;
    row.org = testing::acme;
    row.day = at;
    row.provider = testing::openai;
    row.model = big;
    row.succeeded = row.asked = succeeded;
    basis.served.push_back(row);
    return basis.served.back();
  }

  Catalog catalog = market_catalog();
  std::vector<ConfiguredLane> lanes{{testing::openai, Mode::batch}, {rival, Mode::batch}};
  learning::Scores scores;
  ReportBasis basis{testing::openai, {}, {}};
};
using OptimizationReport = Fixture;

TEST_F(OptimizationReport, of_nothing_says_nothing) {
  const Report nothing = report();
  EXPECT_EQ(nothing.from, std::nullopt);
  EXPECT_TRUE(nothing.trend.empty());
  EXPECT_TRUE(nothing.drifts.empty());
  EXPECT_EQ(nothing.recommended, std::nullopt) << "a route out of thin air";
}

TEST_F(OptimizationReport, groups_by_day_week_or_month_as_the_time_is_long) {
  imported(day(1, 1), big, 1);  // a Thursday
  imported(day(1, 31), big, 2);
  EXPECT_EQ(report().bucket, Bucket::day);
  EXPECT_EQ(report().to, day(2, 1));

  imported(day(2, 3), big, 4);
  const Report weeks = report();
  EXPECT_EQ(weeks.bucket, Bucket::week);
  ASSERT_EQ(weeks.trend.size(), 3u);
  EXPECT_EQ(weeks.trend[0].from, Timestamp(std::chrono::sys_days(std::chrono::year(2025) / 12 / 29)));
  EXPECT_EQ(weeks.trend[1].from, day(1, 26));
  EXPECT_EQ(weeks.trend[2].from, day(2, 2));

  imported(day(12, 31), small, 8);
  const Report months = report();
  EXPECT_EQ(months.bucket, Bucket::month);
  ASSERT_EQ(months.trend.size(), 3u);
  EXPECT_EQ(months.trend[0].from, day(1, 1));
  EXPECT_EQ(months.trend[0].imported.items, 3u);
  EXPECT_EQ(months.imported.items, 15u);
}

TEST_F(OptimizationReport, realizes_savings_only_where_a_list_price_is_known) {
  learning::ServedDay& known = served(day(3, 1), 10);
  known.charged = testing::cents(40);
  known.list = testing::cents(100);
  known.failed = 2;
  served(day(3, 2), 10).charged = testing::cents(7);
  basis.served[0].fallbacks = 3;
  const Served sum = report().served;
  EXPECT_EQ(sum.items, 22u);
  EXPECT_EQ(sum.comparable_items, 10u) << "items of whose price nothing is said";
  EXPECT_EQ(sum.fallbacks, 3u);
  EXPECT_EQ(sum.charged, testing::cents(47));
  EXPECT_EQ(sum.comparable_list - sum.comparable_charged, testing::cents(60));
}

TEST_F(OptimizationReport, tells_simulated_work_from_real) {
  catalog = with_simulated_provider(catalog);
  served(day(3, 1), 10).list = testing::cents(100);
  learning::ServedDay& made_up = served(day(3, 1), 7);
  made_up.provider = ProviderId("simulated");
  made_up.list = testing::cents(70);
  const Report both = report();
  EXPECT_EQ(both.served.items, 17u);
  EXPECT_EQ(both.served.simulated_items, 7u);
  EXPECT_EQ(both.served.comparable_simulated_items, 7u);
  ASSERT_EQ(both.drifts.size(), 2u);
  EXPECT_FALSE(both.drifts[0].simulated);
  EXPECT_TRUE(both.drifts[1].simulated);
}

// 20 of 1,000 against 40 of 1,000: p = 0.03, deviation = sqrt(0.03 × 0.97 × 0.002) = 0.007629, z = 2.62.
// Against 39: p = 0.0295, deviation = 0.007567, z = 2.51.
TEST_F(OptimizationReport, a_drift_has_to_be_significant) {
  EXPECT_EQ(compare({1'000, 20}, {1'000, 40}), Verdict::worsened);
  EXPECT_EQ(compare({1'000, 40}, {1'000, 20}), Verdict::improved);
  EXPECT_EQ(compare({1'000, 20}, {1'000, 39}), Verdict::no_significant_change);
  EXPECT_EQ(compare({1'000, 0}, {1'000, 0}), Verdict::no_significant_change);
  EXPECT_EQ(compare({99, 0}, {1'000, 900}), Verdict::insufficient_data);
}

TEST_F(OptimizationReport, compares_the_halves_of_the_time_for_each_provider) {
  imported(day(1, 1), big, 990, 20).totals.failed = 10;
  basis.imported.back().totals.rejected = 500;  // the customer's own mistakes
  imported(day(1, 10), big, 1'000, 60);
  learning::ServedDay& lane = served(day(2, 1), 50);
  lane.invalid = 5;
  const Report drifting = report();
  ASSERT_EQ(drifting.drifts.size(), 2u);
  EXPECT_EQ(drifting.drifts[0].evidence, Evidence::imported);
  EXPECT_EQ(drifting.drifts[0].middle, day(1, 6));
  EXPECT_EQ(drifting.drifts[0].first.items, 1'000u);
  EXPECT_EQ(drifting.drifts[0].first.faulty, 30u);
  EXPECT_EQ(drifting.drifts[0].last.faulty, 60u);
  EXPECT_EQ(drifting.drifts[0].verdict, Verdict::worsened);
  EXPECT_EQ(drifting.drifts[1].evidence, Evidence::served);
  EXPECT_EQ(drifting.drifts[1].verdict, Verdict::insufficient_data);
}

// 1,000,000 input tokens at 1.00 and 500,000 output at 4.00 are 3.00; the rival asks 0.50 + 0.50.
TEST_F(OptimizationReport, recommends_what_saves_most_within_the_class) {
  Totals& totals = imported(day(1, 1), big, 100).totals;
  totals.input_tokens = 1'000'000;
  totals.output_tokens = 50'000;
  totals.paid = testing::cents(120);
  const auto change = report().recommended;
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from_model, big);
  EXPECT_EQ(change->model, ModelSlug("fair")) << "small is cheaper, but not of its class";
  EXPECT_EQ(change->provider, rival);
  EXPECT_EQ(change->mode, Mode::batch);
  EXPECT_EQ(change->paid, testing::cents(120));
  EXPECT_EQ(change->expected, testing::cents(55));
}

TEST_F(OptimizationReport, recommends_nothing_that_is_not_open_not_better_or_not_proven) {
  Totals& totals = imported(day(1, 1), big, 100).totals;
  totals.input_tokens = 1'000'000;
  totals.output_tokens = 50'000;
  totals.paid = testing::cents(120);
  lanes.pop_back();
  EXPECT_EQ(report().recommended, std::nullopt) << "their own lane at the price they pay";
  lanes.push_back({rival, Mode::batch});
  basis.imported[0].totals.succeeded = 99;
  EXPECT_EQ(report().recommended, std::nullopt) << "too few items to go by";
}

TEST_F(OptimizationReport, another_provider_has_nothing_in_its_cache) {
  Totals& totals = imported(day(1, 1), big, 100).totals;
  totals.input_tokens = totals.cached_tokens = 1'000'000;
  totals.paid = testing::cents(10);
  EXPECT_EQ(report().recommended, std::nullopt) << "0.50 uncached at the rival against 0.10 cached";
}

TEST_F(OptimizationReport, names_models_that_the_catalog_does_not_know) {
  imported(day(1, 1), ModelSlug("ft:big:acme"), 7);
  EXPECT_EQ(report().unknown_models.at(ModelSlug("ft:big:acme")), 7u);
}

TEST(VendorModel, is_found_behind_the_date_of_an_edition) {
  const Catalog catalog = market_catalog();
  EXPECT_EQ(vendor_model(catalog, "big")->slug, big);
  EXPECT_EQ(vendor_model(catalog, "big-2026-01-31")->slug, big);
  EXPECT_EQ(vendor_model(catalog, "big-20260131")->slug, big);
  EXPECT_EQ(vendor_model(catalog, "big-latest")->slug, big);
  EXPECT_EQ(vendor_model(catalog, "bigger"), nullptr);
  EXPECT_EQ(vendor_model(catalog, "big-2"), nullptr);
  EXPECT_EQ(vendor_model(catalog, ""), nullptr);
  EXPECT_EQ(vendor_model(catalog, "-20260131"), nullptr);
}

// Broken: sums would wrap around instead of being refused.
TEST_F(OptimizationReport, sums_that_do_not_fit_are_refused) {
  constexpr Money huge = Money::from_nanos(std::numeric_limits<std::int64_t>::max());
  imported(day(3, 1), big, 1).totals.paid = huge;
  EXPECT_TRUE(try_report());
  imported(day(3, 2), big, 1).totals.paid = huge;
  EXPECT_EQ(try_report().error().code, ErrorCode::amount_out_of_range);
}

}  // namespace
}  // namespace core::imports
