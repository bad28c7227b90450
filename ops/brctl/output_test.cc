// If these fail, scripts read wrong answers from brctl, and people wrong times and rates.
#include "ops/brctl/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "ops/brctl/arguments.h"
#include "ops/brctl/progress.h"

namespace ops::brctl {
namespace {

using std::chrono::seconds;

const core::Timestamp noon = core::Timestamp(seconds(1'700'000'000)) + std::chrono::microseconds(123'456);

TEST(Listing, is_a_table_and_the_same_as_json) {
  Listing listing({{"org"}, {"open_batches", Align::right}, {"available", Align::right}, {"since"}, {"parked"}});
  listing.add({"org_1", std::int64_t{12}, core::Money::from_cents(1250), noon, true});
  listing.add({"org_22", std::int64_t{3}, core::Money::from_cents(-5), std::monostate(), false});
  EXPECT_EQ(listing.table(),
            "ORG     OPEN BATCHES  AVAILABLE  SINCE                     PARKED\n"
            "org_1             12      12.50  2023-11-14T22:13:20.123Z  yes\n"
            "org_22             3      -0.05  -                         no\n");
  EXPECT_EQ(listing.json(), R"([{"org":"org_1","open_batches":12,"available":{"amount":"12.50","currency":"usd"},)"
                            R"("since":"2023-11-14T22:13:20.123456Z","parked":true},)"
                            R"({"org":"org_22","open_batches":3,"available":{"amount":"-0.05","currency":"usd"},)"
                            R"("since":null,"parked":false}])");
}

TEST(Fail, tells_scripts_what_kind_of_fault_it_was) {
  const auto code_of = [](core::ErrorCode code) {
    const Environment environment;
    std::ostringstream out, errors;
    Console console{.environment = environment, .out = out, .errors = errors};
    fail(console, core::Error{code, "why"});
    EXPECT_EQ(errors.str(), "why\n");
    return console.exit_code;
  };
  EXPECT_EQ(code_of(core::ErrorCode::batch_not_found), answer_is_bad);
  EXPECT_EQ(code_of(core::ErrorCode::invalid_request), wrong_arguments);
  EXPECT_EQ(code_of(core::ErrorCode::storage_failed), could_not_look);
  EXPECT_EQ(code_of(core::ErrorCode::log_corrupt), could_not_look);
}

TEST(Arguments, places_and_times_are_read_as_they_are_written) {
  for (const std::string text : {"3/1234", "0/0", "3/1234.0", "15/9.7"}) {
    const auto place = parse_place(text);
    ASSERT_TRUE(place) << text;
    EXPECT_EQ(to_string(*place), text);
  }
  for (const std::string text : {"", "3", "/", "3/", "/4", "3/-1", "-3/1", "3/1.", "3/1.x", "3/1/2", "x/1", " 3/1"})
    EXPECT_FALSE(parse_place(text)) << text;

  EXPECT_EQ(*parse_time("2h", noon), noon - std::chrono::hours(2));
  EXPECT_EQ(*parse_time("90s", noon), noon - seconds(90));
  EXPECT_EQ(*parse_time("7d", noon), noon - std::chrono::days(7));
  EXPECT_EQ(*parse_time("2023-11-14", noon), core::Timestamp(seconds(1'699'920'000)));
  EXPECT_EQ(*parse_time("2023-11-14T22:13:20.123456Z", {}), noon);
  for (const std::string text : {"", "h", "2", "2w", "-2h", "2023-13-01", "2023-11-14T22:13:20", "99999999999h"}) {
    const auto time = parse_time(text, noon);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, core::ErrorCode::invalid_request);
  }
}

TEST(Progress, says_how_far_it_is_how_fast_and_how_long_it_takes) {
  std::ostringstream out;
  std::chrono::steady_clock::time_point now;
  Progress progress(out, Progress::Shown::redrawn, "auditing", "events", [&] { return now; });
  progress.update(1, 0.01);
  EXPECT_EQ(out.str(), "") << "too early to tell";
  now += seconds(2);
  progress.update(500'000, 0.25);
  EXPECT_EQ(out.str(), "\rauditing  [#####---------------]  25 %  500,000 events  250,000 events/s  0:06 left");
  out.str("");
  progress.clear();
  EXPECT_THAT(out.str(), testing::MatchesRegex("\r +\r"));
  out.str("");
  now += seconds(6);
  progress.finish(2'000'000);
  EXPECT_EQ(out.str(), "\rauditing  2,000,000 events  250,000 events/s  in 0:08\n");

  std::ostringstream none;
  Progress silent(none, Progress::Shown::no, "auditing", "events", [&] { return now; });
  now += seconds(60);
  silent.update(7, 0.5);
  silent.finish(9);
  EXPECT_EQ(none.str(), "");
}

}  // namespace
}  // namespace ops::brctl
