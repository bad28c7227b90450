// Broken if an append that does not count were confirmed, or one that counts were not.
#include "adapters/kafka/tenure.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace adapters::kafka {
namespace {

using core::Epoch;
using core::ErrorCode;
using core::Offset;

class TenureTest : public ::testing::Test {
 protected:
  TenureTest() { tenure_.begin(Offset(10)); }

  void append(std::int64_t sequence, std::int64_t epoch) {
    tenure_.appended({.epoch = Epoch(epoch),
                      .instance = "me",
                      .sequence = sequence,
                      .bytes = 5,
                      .at = {},
                      .confirmed = [this, sequence](const core::Result<Offset>& answer) {
                        answers_[sequence] = answer ? std::to_string(answer->value())
                                                    : std::string(core::to_string(answer.error().code));
                      }});
  }
  void read(std::int64_t offset, const std::string& instance, std::int64_t sequence, std::int64_t epoch) {
    auto read_back = tenure_.read(Offset(offset), {.epoch = Epoch(epoch), .instance = instance, .sequence = sequence});
    if (read_back.lost) tenure_.lose(*read_back.lost, read_back.calls);
    for (const auto& call : read_back.calls) call();
  }

  std::map<std::int64_t, std::string> answers_;
  std::vector<core::Error> losses_;
  Tenure tenure_{[this](core::Error error) { losses_.push_back(std::move(error)); }};
};

using Answers = std::map<std::int64_t, std::string>;

TEST_F(TenureTest, WhatIsReadBackIsConfirmedAndForeignSequencesAreNot) {
  append(1, 3);
  append(2, 3);
  EXPECT_EQ(tenure_.pending_bytes(), 10u);
  read(10, "other", 1, 3);
  read(11, "me", 7, 3);
  EXPECT_TRUE(answers_.empty());
  read(12, "me", 1, 3);
  read(13, "me", 2, 3);
  EXPECT_EQ(answers_, (Answers{{1, "12"}, {2, "13"}}));
  EXPECT_EQ(tenure_.pending_bytes(), 0u);
  EXPECT_FALSE(tenure_.waiting_since());
  EXPECT_TRUE(losses_.empty());
}

TEST_F(TenureTest, ANewerEpochFencesAllThatWaits) {
  append(1, 3);
  append(2, 3);
  read(10, "me", 1, 3);
  read(11, "other", 1, 4);
  read(12, "me", 2, 3);
  EXPECT_EQ(answers_, (Answers{{1, "10"}, {2, "fenced"}}));
  ASSERT_EQ(losses_.size(), 1u);
  EXPECT_EQ(losses_[0].code, ErrorCode::fenced);
}

TEST_F(TenureTest, WhoHasNotAppendedLosesNothing) {
  read(10, "other", 1, 4);
  EXPECT_TRUE(losses_.empty());
}

TEST_F(TenureTest, ARecordBehindANewerEpochDoesNotCountEvenForOneWhoHasANewerEpochToo) {
  append(1, 3);
  append(2, 4);
  read(10, "other", 1, 4);
  read(11, "me", 1, 3);
  read(12, "me", 2, 4);
  EXPECT_EQ(answers_, (Answers{{1, "fenced"}, {2, "12"}}));
}

TEST_F(TenureTest, AGapInTheTailIsALoss) {
  append(1, 3);
  read(11, "me", 1, 3);
  EXPECT_EQ(answers_, (Answers{{1, "unavailable"}}));
  ASSERT_EQ(losses_.size(), 1u);
  EXPECT_EQ(losses_[0].code, ErrorCode::unavailable);
}

TEST_F(TenureTest, EndingAnswersButTellsNobodyOfALoss) {
  append(1, 3);
  Tenure::Calls calls;
  tenure_.end({ErrorCode::unavailable, "closed"}, calls);
  for (const auto& call : calls) call();
  EXPECT_EQ(answers_, (Answers{{1, "unavailable"}}));
  EXPECT_TRUE(losses_.empty());
}

}  // namespace
}  // namespace adapters::kafka
