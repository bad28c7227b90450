#include "processors/dispatch/unit_results.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "processors/testing/fake_blobs.h"

namespace processors {
namespace {

using schemas::ItemOutcome;
using schemas::ItemResult;

const core::Epoch first_owner(1);

// As the state has it once an owner's run has said that the results are kept under its epoch.
core::batch::Unit unit_of(std::optional<core::Epoch> epoch) {
  core::batch::Unit unit;
  unit.batch = core::BatchId("bat_1");
  unit.attempt = core::AttemptNumber(1);
  unit.epoch = epoch;
  return unit;
}
const core::batch::Unit unit = unit_of(first_owner);

core::quote::Route route() {
  core::quote::Route route;
  route.prices = {core::TokenPrice::from_picos(1'000), core::TokenPrice::from_picos(100),
                  core::TokenPrice::from_picos(4'000)};
  return route;
}

// Every outcome, with and without receipt and review, numbers not in order.
std::vector<ItemResult> results() {
  std::vector<ItemResult> all;
  for (const auto& [number, outcome, review] :
       {std::tuple(4u, ItemOutcome::succeeded, ""), std::tuple(0u, ItemOutcome::failed, ""),
        std::tuple(2u, ItemOutcome::succeeded, "truncated"), std::tuple(1u, ItemOutcome::exhausted, ""),
        std::tuple(7u, ItemOutcome::succeeded, "refusal"), std::tuple(3u, ItemOutcome::cancelled, ""),
        std::tuple(6u, ItemOutcome::expired, ""), std::tuple(5u, ItemOutcome::succeeded, "")}) {
    ItemResult result;
    result.number = number;
    result.customer_item_id = "item_" + std::to_string(number);
    result.outcome = outcome;
    result.review_reason = review;
    if (outcome == ItemOutcome::succeeded) {
      result.text = std::string(number, 'x');
      result.input_tokens = 10 + number;
      result.cached_tokens = number;
      result.output_tokens = number;
      result.cost = core::Money::from_nanos(number == 7 ? 0 : 5 + number);  // one was free
      result.provider_cost = core::Money::from_nanos(100 + number);
      result.provider = core::ProviderId(number < 5 ? "one" : "two");
    }
    all.push_back(std::move(result));
  }
  return all;
}

std::unique_ptr<UnitResults> open(testing::FakeBlobs& blobs) {
  auto opened = UnitResults::open(blobs, unit, first_owner, route());
  EXPECT_TRUE(opened.has_value());
  return std::move(*opened);
}

void add_all(UnitResults& into) {
  for (const ItemResult& result : results()) {
    if (into.answered(result.number)) continue;
    ASSERT_TRUE(into.add(result));
  }
}

std::map<Artifact, std::string> segments(const testing::FakeBlobs& blobs) {
  std::map<Artifact, std::string> all;
  for (const Artifact artifact : artifacts) all[artifact] = blobs.segment(segment_name(unit, artifact));
  return all;
}

core::batch::Progress progress_of_first(std::size_t count) {
  testing::FakeBlobs blobs;
  const auto unit_results = open(blobs);
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(unit_results->add(results()[i]));
  EXPECT_TRUE(unit_results->sync());
  return unit_results->progress();
}

TEST(UnitResults, CountsWhatItHolds) {
  testing::FakeBlobs blobs;
  const auto unit_results = open(blobs);
  add_all(*unit_results);
  EXPECT_EQ(unit_results->unsynced(), 8u);
  EXPECT_EQ(unit_results->progress(), core::batch::Progress{}) << "what is not synced does not count";
  ASSERT_TRUE(unit_results->sync());
  EXPECT_EQ(unit_results->unsynced(), 0u);

  const core::batch::Progress& progress = unit_results->progress();
  EXPECT_EQ(progress.tally, (core::batch::Tally{4, 1, 1, 1, 1}));
  EXPECT_EQ(progress.charged, core::Money::from_nanos(9 + 7 + 10));
  EXPECT_EQ(progress.input_tokens, 14 + 12 + 17 + 15);
  EXPECT_EQ(progress.output_tokens, 4 + 2 + 7 + 5);
  EXPECT_EQ(progress.provider_cost, core::Money::from_nanos(104 + 102 + 107 + 105));
  ASSERT_EQ(unit_results->shares().size(), 2u);
  const core::batch::LaneShare& one = unit_results->shares()[0];
  EXPECT_EQ(one.provider.value(), "one");
  EXPECT_EQ(one.succeeded, 2u);
  EXPECT_EQ(one.charged, core::Money::from_nanos(9 + 7));
  EXPECT_EQ(one.provider_cost, core::Money::from_nanos(104 + 102));
  for (const auto& [artifact, text] : segments(blobs)) EXPECT_EQ(size_of(progress.segments, artifact), text.size());
}

// If this failed, an item could lose the answer of the one that it equals, or an answer that was thrown away would come
// back as a result.
TEST(UnitResults, EqualItemsCountTogetherAndDiscardedAnswersNever) {
  const UnitResults::Equals equals{{4, 2}};
  const auto open_with = [&](testing::FakeBlobs& blobs) {
    return std::move(*UnitResults::open(blobs, unit, first_owner, route(), equals));
  };
  ItemResult original = results()[0];
  ItemResult thrown_away = original;
  thrown_away.outcome = ItemOutcome::discarded;
  thrown_away.cost = core::Money{};
  std::vector<schemas::WorkItem> others(2);
  others[0].item.number = 8;
  others[1].item.number = 9;

  testing::FakeBlobs whole;
  const auto written = open_with(whole);
  ASSERT_TRUE(written->discard(thrown_away));
  EXPECT_FALSE(written->answered(4));
  ASSERT_TRUE(written->add(original, others));
  ASSERT_TRUE(written->sync());
  EXPECT_EQ(written->progress().tally.succeeded, 3u);
  EXPECT_EQ(written->progress().provider_cost, core::Money::from_nanos(2 * 104)) << "what was thrown away was paid for";
  const std::string raw = whole.segment(segment_name(unit, Artifact::raw));
  for (std::size_t size = 0; size <= raw.size(); ++size) {
    testing::FakeBlobs blobs = whole;
    blobs.cut_off(segment_name(unit, Artifact::raw), size);
    const auto recovered = open_with(blobs);
    const bool all = size == raw.size();
    ASSERT_EQ(recovered->progress().tally.succeeded, all ? 3u : 0u);
    for (const std::uint32_t number : {4u, 8u, 9u}) ASSERT_EQ(recovered->answered(number), all);
  }
}

// If this failed, a crash at that byte would charge items twice, lose them, or leave a torn row for the customer.
TEST(UnitResults, RecoversFromACutAtEveryByteOfEverySegment) {
  testing::FakeBlobs whole;
  add_all(*open(whole));
  const auto complete = segments(whole);
  std::vector<core::batch::Progress> progress;  // by how many of the items are there
  for (std::size_t count = 0; count <= results().size(); ++count) progress.push_back(progress_of_first(count));

  for (const auto& [artifact, text] : complete) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
      SCOPED_TRACE(std::string(to_string(artifact)) + " cut to " + std::to_string(size));
      testing::FakeBlobs blobs = whole;
      blobs.cut_off(segment_name(unit, artifact), size);
      auto recovered = open(blobs);

      std::size_t count = 0;
      while (count < results().size() && recovered->answered(results()[count].number)) ++count;
      for (std::size_t i = count; i < results().size(); ++i)
        ASSERT_FALSE(recovered->answered(results()[i].number)) << "what is answered is what came first";
      ASSERT_EQ(recovered->progress(), progress[count]);
      const auto kept = segments(blobs);
      for (const auto& [other, whole_text] : complete) {
        ASSERT_TRUE(whole_text.starts_with(kept.at(other)));
        ASSERT_EQ(kept.at(other).size(), size_of(recovered->progress().segments, other));
        ASSERT_TRUE(kept.at(other).empty() || kept.at(other).ends_with('\n'));
      }

      blobs.crash();  // what was recovered is durable
      recovered = open(blobs);
      ASSERT_EQ(recovered->progress(), progress[count]);
      add_all(*recovered);
      ASSERT_TRUE(recovered->sync());
      ASSERT_EQ(recovered->progress(), progress.back());
      ASSERT_EQ(segments(blobs), complete);
    }
  }
}

// If this failed, an owner that was replaced and does not know it could spoil what its successor writes, or the
// successor would ask again for what is there.
TEST(UnitResults, AnotherOwnerGoesOnInACopyOfWhatIsWhole) {
  testing::FakeBlobs blobs;
  const auto replaced = open(blobs);
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(replaced->add(results()[i]));
  ASSERT_TRUE(replaced->sync());
  const auto before = segments(blobs);
  ASSERT_TRUE((*blobs.open_segment(segment_name(unit, Artifact::raw)))->append("{\"torn"));

  const core::Epoch next_owner(4);
  for (int run = 0; run < 2; ++run) {  // the first may end before an event says that it has begun
    const auto next = UnitResults::open(blobs, unit, next_owner, route());
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ((*next)->progress(), progress_of_first(3));
    ASSERT_TRUE(replaced->add(results()[3 + static_cast<std::size_t>(run)])) << "it does not know";
    add_all(**next);
    ASSERT_TRUE((*next)->sync());
    EXPECT_EQ((*next)->progress(), progress_of_first(results().size()));
  }
  testing::FakeBlobs whole;
  add_all(*open(whole));
  for (const auto& [artifact, text] : segments(whole))
    EXPECT_EQ(blobs.segment(segment_name(unit_of(next_owner), artifact)), text);
  EXPECT_TRUE(segments(blobs).at(Artifact::output).starts_with(before.at(Artifact::output)));
}

TEST(UnitResults, TwoCutsAtOnceLeaveTheShorterPrefix) {
  testing::FakeBlobs whole;
  add_all(*open(whole));
  const auto complete = segments(whole);
  for (std::size_t output = 0; output <= complete.at(Artifact::output).size(); output += 37) {
    for (std::size_t error = 0; error <= complete.at(Artifact::error).size(); error += 41) {
      testing::FakeBlobs blobs = whole;
      blobs.cut_off(segment_name(unit, Artifact::output), output);
      blobs.cut_off(segment_name(unit, Artifact::error), error);
      const auto recovered = open(blobs);
      add_all(*recovered);
      ASSERT_TRUE(recovered->sync());
      ASSERT_EQ(segments(blobs), complete) << output << " " << error;
    }
  }
}

TEST(UnitResults, WhatWasSyncedSurvivesACrash) {
  testing::FakeBlobs blobs;
  auto unit_results = open(blobs);
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(unit_results->add(results()[i]));
  ASSERT_TRUE(unit_results->sync());
  add_all(*unit_results);
  blobs.crash();
  EXPECT_EQ(open(blobs)->progress(), progress_of_first(3));
}

// A disk that fails in the middle of an item leaves nothing behind that a new start could not clean up.
TEST(UnitResults, FailuresOfTheDiskAreErrors) {
  testing::FakeBlobs blobs;
  auto unit_results = open(blobs);
  ASSERT_TRUE(unit_results->add(results()[0]));
  blobs.fail_next_sync();
  EXPECT_EQ(unit_results->sync().error().code, core::ErrorCode::storage_failed);
  EXPECT_EQ(unit_results->progress(), core::batch::Progress{}) << "not durable, not reported";
  blobs.tear_next_append();
  EXPECT_EQ(unit_results->add(results()[2]).error().code, core::ErrorCode::storage_failed);

  unit_results = open(blobs);
  EXPECT_EQ(unit_results->progress(), progress_of_first(1));
  add_all(*unit_results);
  ASSERT_TRUE(unit_results->sync());
  EXPECT_EQ(unit_results->progress(), progress_of_first(results().size()));

  // What a failed sync lost is not taken for durable because it still reads well.
  blobs.crash();
  EXPECT_EQ(open(blobs)->progress(), progress_of_first(results().size()));
}

}  // namespace
}  // namespace processors
