#include "processors/intake/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "processors/line_reader.h"
#include "processors/testing/service.h"
#include "schemas/plan.h"
#include "schemas/work_item.h"

namespace processors {
namespace {

using namespace processors::testing;
using core::Mode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string item(const std::string& id, const std::string& members) {
  return R"({"customer_item_id":")" + id + R"(",)" + members + "}";
}
std::string small_item(const std::string& id, const std::string& rest = "") {
  return item(id, R"("operation":"responses","model":"small","input":{"input":"Hi","max_output_tokens":10})" + rest);
}
std::string items(const std::vector<std::string>& all, const std::string& header = "") {
  std::string text = "{" + header + (header.empty() ? "" : ",") + "\"items\":[";
  for (const std::string& one : all) text += (&one == &all.front() ? "" : ",") + one;
  return text + "]}";
}

class IntakeTest : public ::testing::Test {
 protected:
  Intake intake(Intake::Settings settings = {}) {
    return Intake(world.blobs, world.catalog, {{lab, Mode::sync, true}, {lab, Mode::batch, true}}, settings);
  }
  ReceivedManifest receive(const std::string& text, schemas::manifest::Format format) {
    auto received = intake().receive(*world.spool(text), format);
    EXPECT_TRUE(received.has_value());
    EXPECT_EQ(received->summary.fault_count, 0u);
    return std::move(*received);
  }
  PlannedManifest plan(const std::string& text, Intake::Settings settings = {}) {
    auto planned = intake(settings).plan(receive(text, schemas::manifest::Format::json), world.clock.now());
    EXPECT_TRUE(planned.has_value());
    return std::move(*planned);
  }
  core::ManifestFault only_fault(const std::string& text) {
    const PlannedManifest planned = plan(text);
    EXPECT_EQ(planned.fault_count, 1u);
    return planned.faults.empty() ? core::ManifestFault{} : planned.faults[0];
  }
  std::vector<core::batch::PlannedUnit> units_of(const core::quote::Plan& plan) {
    return schemas::decode_plan(world.blobs.blob(plan.blob))->units;
  }
  std::vector<schemas::WorkItem> work_of(const core::batch::PlannedUnit& unit) {
    const auto blob = world.blobs.open(unit.blob);
    LineReader lines(**blob);
    std::vector<schemas::WorkItem> work;
    for (auto line = lines.next(); *line; line = lines.next()) work.push_back(*schemas::parse_work_item(**line));
    return work;
  }
  std::vector<std::uint32_t> sizes_of(const core::quote::Plan& plan) {
    std::vector<std::uint32_t> sizes;
    for (const auto& unit : units_of(plan)) sizes.push_back(unit.item_count);
    return sizes;
  }

  World world;
};

// If this failed, a batch could cost more than its quote, or its units less than the whole.
TEST_F(IntakeTest, UnitsRoutesAndItemsAddUpToTheTotal) {
  std::vector<std::string> all;
  for (int i = 0; i < 7; ++i) {
    all.push_back(small_item("s" + std::to_string(i)));
    all.push_back(
        item("v" + std::to_string(i), R"("operation":"embeddings","model":"vectors","input":{"input":"Hi"})"));
  }
  const core::quote::Plan planned = plan(items(all), {3, 64u << 20}).plan;
  EXPECT_EQ(planned.item_count, 14u);
  EXPECT_EQ(planned.unit_count, 6u);
  ASSERT_THAT(planned.routes, SizeIs(2));
  EXPECT_EQ(planned.routes[0].mode, Mode::batch) << "the cheapest";
  EXPECT_EQ(planned.routes[0].item_count + planned.routes[1].item_count, 14u);
  EXPECT_EQ(planned.routes[0].total + planned.routes[1].total, planned.total);

  core::Money quoted;
  std::vector<bool> seen(14);
  for (const auto& unit : units_of(planned)) {
    core::Money sum;
    const auto work = work_of(unit);
    EXPECT_THAT(work, SizeIs(unit.item_count));
    for (const schemas::WorkItem& one : work) {
      EXPECT_FALSE(seen.at(one.item.number)) << "each item once";
      seen[one.item.number] = true;
      sum = sum + one.ceiling;
      EXPECT_EQ(one.output_tokens_max, unit.route == 0 ? 10 : 0);
    }
    EXPECT_EQ(sum, unit.quoted);
    quoted = quoted + unit.quoted;
  }
  EXPECT_EQ(quoted, planned.total);
  EXPECT_THAT(seen, ::testing::Each(true));
}

TEST_F(IntakeTest, UnitsAreCutByItemsAndByBytes) {
  EXPECT_THAT(sizes_of(plan(manifest_of(10), {4, 64u << 20}).plan), ElementsAre(4, 4, 2));
  EXPECT_THAT(sizes_of(plan(manifest_of(8), {4, 64u << 20}).plan), ElementsAre(4, 4));
  EXPECT_THAT(sizes_of(plan(manifest_of(1), {4, 64u << 20}).plan), ElementsAre(1));
  EXPECT_THAT(sizes_of(plan(manifest_of(3), {500, 1}).plan), ElementsAre(1, 1, 1)) << "an item is never too large";
  const auto by_bytes = sizes_of(plan(manifest_of(9), {500, 400}).plan);
  EXPECT_THAT(by_bytes, SizeIs(::testing::Gt(1u)));
  EXPECT_EQ(std::accumulate(by_bytes.begin(), by_bytes.end(), 0u), 9u);
}

TEST_F(IntakeTest, EqualManifestsHaveEqualPlans) {
  const std::string header = R"("allowed_regions":["us"],"priority":7)";
  const std::string json = items({small_item("a"), small_item("b")}, header);
  const std::string lines = "{" + header + "}\n " + small_item("a") + "\n" + small_item("b");
  const core::quote::Plan one = plan(json).plan;
  const auto other = intake().plan(receive(lines, schemas::manifest::Format::ndjson), world.clock.now());
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(one.content, other->plan.content);
  EXPECT_EQ(one.blob, other->plan.blob);
  EXPECT_EQ(one.total, other->plan.total);
  EXPECT_NE(plan(items({small_item("b"), small_item("a")}, header)).plan.content, one.content);
}

TEST_F(IntakeTest, AnUnknownModelIsNamedWithItsPlace) {
  const core::ManifestFault fault = only_fault(
      items({small_item("a"), item("b", R"("operation":"responses","model":"nobody","input":{"input":"Hi"})")}));
  EXPECT_EQ(fault.code, "unknown_model");
  EXPECT_EQ(fault.pointer, "/items/1/model");
  EXPECT_EQ(fault.customer_item_id, "b");
}

// If this failed, work would go on to a lane that was seen to fail, or nobody could tell why it does not.
TEST_F(IntakeTest, WorkLeavesALaneThatFailsAndTheQuoteSaysWhy) {
  const ReceivedManifest manifest = receive(manifest_of(3), schemas::manifest::Format::json);
  const auto before = intake().plan(manifest, world.clock.now());
  EXPECT_EQ(before->plan.routes.at(0).mode, Mode::batch);
  EXPECT_EQ(before->plan.routes.at(0).observed_confidence_score, std::nullopt);

  core::learning::Scores scores;
  core::learning::LaneDay day;
  day.day = world.clock.now();
  day.provider = lab;
  day.model = core::ModelSlug("small");
  day.mode = Mode::batch;
  day.succeeded = day.lane_faults = 250;
  scores.add(day, world.clock.now());
  day.mode = Mode::sync;
  day.succeeded = 500;
  day.lane_faults = 0;
  scores.add(day, world.clock.now());
  const auto after = intake().plan(manifest, world.clock.now(), scores);
  EXPECT_EQ(after->plan.routes.at(0).mode, Mode::sync);
  EXPECT_GT(*after->plan.routes.at(0).observed_confidence_score, 0.99);
  ASSERT_THAT(after->rejected, SizeIs(1));
  EXPECT_EQ(after->rejected[0].mode, "batch");
  EXPECT_EQ(after->rejected[0].reason, "confidence_too_low");
}

TEST_F(IntakeTest, NoEligibleLaneSaysWhy) {
  const core::ManifestFault privacy = only_fault(items({small_item("a")}, R"("privacy_tier":"zero_retention")"));
  EXPECT_EQ(privacy.code, "no_eligible_lane");
  EXPECT_THAT(privacy.message, HasSubstr("small at lab (sync): privacy_tier_not_met"));
  EXPECT_THAT(only_fault(items({small_item("a")}, R"("allowed_regions":["eu"])")).message,
              HasSubstr("region_not_allowed"));
  EXPECT_THAT(
      only_fault(items({item("a", R"("operation":"embeddings","model":"small","input":{"input":"Hi"})")})).message,
      HasSubstr("operation_not_supported"));
  std::string many;
  for (int i = 0; i < 4'000; ++i) many += "word ";
  EXPECT_THAT(
      only_fault(items({item("a", R"("operation":"responses","model":"tiny","input":{"input":")" + many + R"("})")}))
          .message,
      HasSubstr("context_too_small"));
}

TEST_F(IntakeTest, RejectedLanesAreListedOnce) {
  const PlannedManifest planned = plan(items({small_item("a"), small_item("b")}, R"("sla_tier":"priority")"));
  EXPECT_EQ(planned.fault_count, 0u);
  ASSERT_THAT(planned.rejected, SizeIs(1));
  EXPECT_EQ(planned.rejected[0].mode, "batch");
  EXPECT_EQ(planned.rejected[0].reason, "sla_too_tight");
  EXPECT_EQ(planned.plan.routes[0].mode, Mode::sync);
}

TEST_F(IntakeTest, MaxCostIsACeilingToTheLastDigit) {
  const core::Money ceiling = plan(items({small_item("a")})).plan.total;
  EXPECT_EQ(plan(items({small_item("a", R"(,"max_cost":")" + core::to_decimal(ceiling) + "\"")})).fault_count, 0u);
  const core::Money less = ceiling - core::Money::from_nanos(1);
  const core::ManifestFault fault =
      only_fault(items({small_item("a", R"(,"max_cost":")" + core::to_decimal(less) + "\"")}));
  EXPECT_EQ(fault.code, "max_cost_exceeded");
  EXPECT_EQ(fault.pointer, "/items/0/max_cost");
  EXPECT_THAT(fault.message, HasSubstr(core::to_decimal(ceiling)));
}

TEST_F(IntakeTest, FaultsAreListedUpToALimitAndCounted) {
  std::vector<std::string> all;
  for (int i = 0; i < 150; ++i)
    all.push_back(item("b" + std::to_string(i), R"("operation":"responses","model":"nobody","input":{"input":"Hi"})"));
  const PlannedManifest planned = plan(items(all));
  EXPECT_EQ(planned.fault_count, 150u);
  EXPECT_THAT(planned.faults, SizeIs(core::manifest_faults_max));
  Intake::Settings settings;
  settings.faults_max = 1'000;
  EXPECT_THAT(plan(items(all), settings).faults, SizeIs(150));
}

// If this failed, the results of a retry could not be joined with those of the batch it repeats.
TEST_F(IntakeTest, ItemsRunAgainKeepTheirNumbers) {
  const core::quote::Plan first = plan(manifest_of(5), {2, 64u << 20}).plan;
  std::string lines;
  for (const auto& unit : units_of(first)) {
    std::string text = world.blobs.blob(unit.blob);
    // "<number> <ceiling> <tokens> <canonical line>"
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      const auto number = std::stoul(line);
      if (number % 2 == 1) lines += std::to_string(number) + " " + line.substr(line.find('{')) + "\n";
    }
  }
  ReplannedItems again{{}, R"({"k":1})", world.spool(lines)};
  again.terms.allowed_regions = {"global"};
  const auto planned = intake().plan(again, world.clock.now());
  ASSERT_TRUE(planned.has_value());
  EXPECT_EQ(planned->plan.item_count, 2u);
  const auto work = work_of(units_of(planned->plan).at(0));
  ASSERT_THAT(work, SizeIs(2));
  EXPECT_EQ(work[0].item.number, 1u);
  EXPECT_EQ(work[1].item.number, 3u);
  EXPECT_EQ(work[1].item.customer_item_id, "item_3");
  EXPECT_EQ(schemas::decode_plan(world.blobs.blob(planned->plan.blob))->metadata, R"({"k":1})");
}

TEST_F(IntakeTest, ADiskThatFailsIsAnError) {
  const ReceivedManifest received = receive(manifest_of(3), schemas::manifest::Format::json);
  world.blobs.fail_next_append();
  EXPECT_EQ(intake().plan(received, world.clock.now()).error().code, core::ErrorCode::storage_failed);
}

TEST(Slack, IsFromTheStartOfTheWorkToTheDeadline) {
  using namespace std::chrono_literals;
  constexpr core::Timestamp now = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
  core::quote::Terms terms;
  terms.sla_tier = core::SlaTier::standard;
  EXPECT_EQ(slack_of(terms, now), 24h);
  terms.run_after = now + 10h;
  EXPECT_EQ(slack_of(terms, now), 24h) << "the promise counts from when it may begin";
  terms.deadline = now + 12h;
  EXPECT_EQ(slack_of(terms, now), 2h);
  terms.run_after = now - 10h;
  EXPECT_EQ(slack_of(terms, now), 12h) << "what is past does not matter";
  terms.deadline = now + 100h;
  EXPECT_EQ(slack_of(terms, now), 24h) << "a late deadline does not stretch the promise";
  terms.deadline = now - 1h;
  EXPECT_LT(slack_of(terms, now), 0h);
}

}  // namespace
}  // namespace processors
