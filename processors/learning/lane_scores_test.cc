// If this failed: routing would go by what only a part of the deployment saw, by what was long ago, or by what another
// tenant said.
#include "processors/learning/lane_scores.h"

#include <gtest/gtest.h>

#include "processors/testing/fake_store.h"
#include "processors/testing/manual_clock.h"

namespace processors {
namespace {

using core::Mode;
using core::Operation;
using core::learning::Judgement;
using core::learning::LaneDay;
using std::chrono::days;

constexpr std::uint32_t partitions = 4;
const core::ProviderId lab("lab");
const core::ModelSlug small("small");
const core::OrgId acme("org_acme");
const core::OrgId other("org_other");

class HaltedPartitions final : public PartitionHealth {
 public:
  std::optional<core::Error> halted(core::Partition partition) const override {
    if (partition != halted_) return std::nullopt;
    return core::Error{core::ErrorCode::unavailable, "halted"};
  }
  std::optional<core::Partition> halted_;
};

class Board final : public LaneBoard {
 public:
  std::vector<LaneStatus> closed_lanes() const override { return lanes; }
  std::vector<LaneStatus> lanes;
};

class LaneScoresTest : public ::testing::Test {
 protected:
  template <class Row>
  void put(core::Partition partition, const Row& row) {
    ASSERT_TRUE(store.write(partition, {{schemas::row_key<Row>(row.key()), schemas::encode_row(row)}}));
  }
  void saw(std::uint32_t partition, core::Timestamp day, std::uint64_t succeeded, std::uint64_t lane_faults) {
    LaneDay row;
    row.day = std::chrono::floor<days>(day);
    row.provider = lab;
    row.model = small;
    row.succeeded = succeeded;
    row.lane_faults = lane_faults;
    row.charged = core::Money::from_cents(1);
    put(core::Partition(partition), row);
  }
  core::learning::Record record() const { return scores.of(acme)->record(lab, small, Mode::sync); }

  testing::FakeStore store;
  testing::ManualClock clock;
  HaltedPartitions health;
  Board board;
  const StateReader reader{store, partitions, &health};
  const LaneScores scores{reader, clock.reader(), &board};
};

TEST_F(LaneScoresTest, adds_up_what_all_partitions_served_here_saw) {
  saw(0, clock.now(), 10, 1);
  saw(3, clock.now(), 20, 2);
  saw(2, clock.now(), 1'000, 0);
  health.halted_ = core::Partition(2);
  EXPECT_DOUBLE_EQ(record().successes, 30);
  EXPECT_DOUBLE_EQ(record().faults, 3);
  const auto history = *scores.history();
  EXPECT_EQ(history->partitions_read, 3u);
  ASSERT_EQ(history->days.size(), 1u);
  EXPECT_EQ(history->days[0].charged, core::Money::from_cents(2));
}

TEST_F(LaneScoresTest, old_outcomes_fade_and_are_forgotten_in_the_end) {
  saw(0, clock.now(), 800, 0);
  clock.advance(days(8));
  EXPECT_NEAR(record().successes, 400, 0.01);
  clock.advance(core::learning::remembered_for);
  EXPECT_EQ(record().samples(), 0);
  EXPECT_TRUE((*scores.history())->days.empty());
}

TEST_F(LaneScoresTest, what_was_read_is_kept_for_a_moment) {
  saw(0, clock.now(), 10, 0);
  EXPECT_DOUBLE_EQ(record().successes, 10);
  saw(1, clock.now(), 5, 0);
  clock.advance(LaneScores::kept_for - core::Duration(1));
  EXPECT_DOUBLE_EQ(record().successes, 10);
  clock.advance(core::Duration(1));
  EXPECT_DOUBLE_EQ(record().successes, 15);
}

TEST_F(LaneScoresTest, an_org_is_judged_for_by_itself_alone) {
  for (const core::OrgId& org : {acme, other}) {
    Judgement judgement;
    judgement.org = org;
    judgement.provider = lab;
    judgement.model = small;
    judgement.items = org == acme ? 10 : 1'000;
    judgement.permille_sum = org == acme ? 9'000 : 0;
    put(reader.partition(core::aggregate_of(org)), judgement);
  }
  const core::learning::Judged judged = scores.of(acme)->judged(Operation::responses, lab, small);
  EXPECT_DOUBLE_EQ(judged.items, 10);
  EXPECT_DOUBLE_EQ(judged.score_sum, 9);
  health.halted_ = reader.partition(core::aggregate_of(acme));
  EXPECT_EQ(scores.of(acme).error().code, core::ErrorCode::unavailable);
}

TEST_F(LaneScoresTest, a_lane_is_parked_as_long_as_the_board_says_so) {
  LaneStatus lane;
  lane.provider = lab;
  lane.state = LaneState::parked;
  board.lanes = {lane};
  EXPECT_TRUE(scores.of(acme)->parked(lab, small, Mode::sync));
  EXPECT_TRUE(scores.of(acme)->parked(lab, small, Mode::batch));
  board.lanes[0].mode = Mode::batch;
  EXPECT_FALSE(scores.of(acme)->parked(lab, small, Mode::sync));
  board.lanes[0].state = LaneState::resting;
  EXPECT_FALSE(scores.of(acme)->parked(lab, small, Mode::batch));
}

}  // namespace
}  // namespace processors
