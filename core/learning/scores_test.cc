// If this failed: a lane that failed long ago would be shunned for ever, or one that fails now would be trusted.
#include "core/learning/scores.h"

#include <gtest/gtest.h>

namespace core::learning {
namespace {

using std::chrono::days;

const Timestamp today = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20};
const ProviderId lab("lab");
const ModelSlug small("small");

LaneDay lane_day(Timestamp day, std::uint64_t succeeded, std::uint64_t lane_faults) {
  LaneDay row;
  row.day = day;
  row.provider = lab;
  row.model = small;
  row.succeeded = succeeded;
  row.lane_faults = lane_faults;
  return row;
}

Record record_of(const LaneDay& day, Timestamp now) {
  Record record;
  add(record, day, now);
  return record;
}

TEST(LearningScores, an_outcome_counts_half_after_a_half_life) {
  const LaneDay day = lane_day(today, 80, 40);
  EXPECT_DOUBLE_EQ(record_of(day, today).successes, 80);
  EXPECT_DOUBLE_EQ(record_of(day, today + days(1)).successes, 80);
  EXPECT_DOUBLE_EQ(record_of(day, today + days(8)).successes, 40);
  EXPECT_DOUBLE_EQ(record_of(day, today + days(8)).faults, 20);
  EXPECT_DOUBLE_EQ(record_of(day, today + days(15)).samples(), 30);
  EXPECT_LT(record_of(day, today + remembered_for + days(1)).samples(), 120.0 / 1'000);
}

TEST(LearningScores, confidence_is_not_given_before_there_are_samples_enough) {
  EXPECT_EQ(observed_confidence(0.9, {}), std::nullopt);
  EXPECT_EQ(observed_confidence(0.9, {49, 0.9}), std::nullopt);
  ASSERT_TRUE(observed_confidence(0.9, {50, 0}));
  EXPECT_DOUBLE_EQ(*observed_confidence(0.9, {50, 0}), (0.9 * 20 + 50) / 70);
}

TEST(LearningScores, five_hundred_outcomes_outweigh_the_prior) {
  EXPECT_NEAR(*observed_confidence(0.97, {250, 250}), 0.518, 0.001);
  EXPECT_NEAR(*observed_confidence(0.5, {500, 0}), 0.981, 0.001);
}

TEST(LearningScores, only_faults_of_the_lane_count_against_it) {
  LaneDay day = lane_day(today, 60, 0);
  day.item_faults = 1'000;
  EXPECT_DOUBLE_EQ(record_of(day, today).samples(), 60);
  day.invalid = 40;
  EXPECT_DOUBLE_EQ(record_of(day, today).faults, 40);
}

TEST(LearningScores, a_lanes_operations_and_days_add_up_and_its_modes_do_not) {
  Scores scores;
  scores.add(lane_day(today, 10, 0), today);
  LaneDay other = lane_day(today - days(1), 30, 2);
  other.operation = Operation::messages;
  scores.add(other, today);
  EXPECT_DOUBLE_EQ(scores.record(lab, small, Mode::sync).successes, 40);
  EXPECT_DOUBLE_EQ(scores.record(lab, small, Mode::batch).samples(), 0);
}

TEST(LearningScores, judgements_move_quality_as_far_as_they_outweigh_the_prior) {
  EXPECT_DOUBLE_EQ(blended_quality(0.8, {}), 0.8);
  EXPECT_DOUBLE_EQ(blended_quality(0.8, {200, 0}), 0.4);
  EXPECT_DOUBLE_EQ(blended_quality(0.8, {200, 200}), 0.9);

  Scores scores;
  Judgement judgement;
  judgement.operation = Operation::messages;
  judgement.provider = lab;
  judgement.model = small;
  judgement.items = 10;
  judgement.permille_sum = 6'000;
  scores.add(judgement);
  EXPECT_DOUBLE_EQ(scores.judged(Operation::messages, lab, small).score_sum, 6);
  EXPECT_DOUBLE_EQ(scores.judged(Operation::responses, lab, small).items, 0);
}

TEST(LearningScores, parking_without_a_model_is_of_all) {
  Scores scores;
  scores.park(lab, ModelSlug(), Mode::batch);
  scores.park(lab, small, Mode::sync);
  EXPECT_TRUE(scores.parked(lab, ModelSlug("any"), Mode::batch));
  EXPECT_TRUE(scores.parked(lab, small, Mode::sync));
  EXPECT_FALSE(scores.parked(lab, ModelSlug("any"), Mode::sync));
}

}  // namespace
}  // namespace core::learning
