// Broken: an export would tell another story of a batch than the topic does.
#include "ops/brctl/batch_records.h"

#include <gtest/gtest.h>

#include "core/testing/samples.h"
#include "core/testing/scenario.h"

namespace ops::brctl {
namespace {

using namespace core::testing;  // NOLINT(google-build-using-namespace): samples

const core::BatchId id("bat_one");

core::batch::Progress answered(std::uint32_t succeeded, std::uint32_t failed, core::Money charged) {
  core::batch::Progress progress;
  progress.tally.succeeded = succeeded;
  progress.tally.failed = failed;
  progress.charged = charged;
  progress.provider_cost = charged;
  progress.input_tokens = 10 * succeeded;
  progress.output_tokens = 3 * succeeded;
  return progress;
}

// Carries commands out, and hands their events on.
class Story {
 public:
  Story() { scenario_.given(verified_org(acme, cents(50'00))); }

  void carry_out(const core::Command& command) {
    scenario_.now += std::chrono::minutes(1);
    place_.time = scenario_.now;
    place_.offset = core::Offset(place_.offset.value() + 1);
    place_.index = 0;
    for (const core::Event& event : scenario_.carry_out(command).events) {
      if (auto ended = records.take(place_, event)) last_ended = std::move(ended);
      ++place_.index;
    }
  }

  // As the topic would have it, published for the event that the record names.
  std::string published(const schemas::PublicBatch& record) const {
    const processors::EventPlace place{record.partition, record.offset, record.index, {}};
    return processors::public_record(place, scenario_.row<core::batch::Batch>({acme, id})).value;
  }

  BatchRecords records;
  std::optional<schemas::PublicBatch> last_ended;

 private:
  Scenario scenario_{acme};
  processors::EventPlace place_{core::Partition(3), core::Offset(0), 0, {}};
};

TEST(BatchRecords, says_of_a_batch_at_each_step_what_the_topic_says) {
  Story story;
  const auto same_as_published = [&] {
    ASSERT_EQ(story.records.open().size(), 1u);
    const schemas::PublicBatch& record = story.records.open().at(id);
    EXPECT_EQ(schemas::encode_public(record), story.published(record));
  };
  const core::quote::Plan units = plan(2, 5, cents(2'00));
  story.carry_out(lock_quote("one", units));
  EXPECT_TRUE(story.records.open().empty());
  story.carry_out(submit("one"));
  same_as_published();
  story.carry_out(plan_units("one", units));
  same_as_published();
  for (const std::uint32_t unit : {0u, 1u}) {
    story.carry_out(core::batch::DispatchUnit{acme, id, core::UnitIndex(unit), core::AttemptNumber(1)});
    same_as_published();
  }
  story.carry_out(core::batch::CloseUnit{acme, id, core::UnitIndex(0), answered(5, 0, cents(80))});
  same_as_published();
  story.carry_out(core::batch::CancelBatch{acme, id});
  same_as_published();
  core::batch::Progress rest = answered(2, 1, cents(30));
  rest.tally.cancelled = 2;
  EXPECT_FALSE(story.last_ended);
  story.carry_out(core::batch::CloseUnit{acme, id, core::UnitIndex(1), rest});
  ASSERT_TRUE(story.last_ended);
  EXPECT_EQ(schemas::encode_public(*story.last_ended), story.published(*story.last_ended));
  EXPECT_EQ(story.last_ended->status, core::batch::Phase::cancelled);
  EXPECT_TRUE(story.records.open().empty()) << "memory is for those that have not ended";
}

}  // namespace
}  // namespace ops::brctl
