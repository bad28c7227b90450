#include "schemas/journal_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schemas {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& group) {
  const auto decoded = decode_group(group);
  if (decoded.has_value()) return "";
  EXPECT_EQ(decoded.error().code, core::ErrorCode::malformed_event);
  return decoded.error().detail;
}

std::string ended(const std::string& data) {
  return R"([{"type": "batchrouter.batch.ended.v1", "data": )" + data + "}]";
}

TEST(JournalCodec, writes_a_cloudevents_batch) {
  GroupWriter writer(core::Partition(7), core::Timestamp(core::Duration(1'500'000)));
  writer.add({core::CommandId("command"), core::AggregateKey("org:org_1"), core::EffectCompleted{"a"}});
  writer.add({core::CommandId("command"), core::AggregateKey("org:org_1"), core::EffectCompleted{"b \"quoted\""}});
  const std::size_t bytes = writer.bytes();
  const std::string group = std::move(writer).finish();
  EXPECT_EQ(group.size(), bytes + 1);
  const auto one = [](const char* number, const char* data) {
    return std::string(R"({"specversion":"1.0","id":"command.)") + number +
           R"(","source":"/batchrouter/partitions/7","type":"batchrouter.effect.completed.v1","subject":"org:org_1",)"
           R"("time":"1970-01-01T00:00:01.500000Z","dataschema":"urn:batchrouter.effect.completed.v1",)"
           R"("causationid":"command","data":{"effect":")" +
           data + "\"}}";
  };
  EXPECT_EQ(group, "[" + one("0", "a") + "," + one("1", R"(b \"quoted\")") + "]");

  const auto decoded = decode_group(group);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->size(), 2u);
  EXPECT_EQ((*decoded)[1].cause, core::CommandId("command"));
  EXPECT_EQ((*decoded)[1].aggregate, core::AggregateKey("org:org_1"));
  EXPECT_EQ(std::get<core::EffectCompleted>((*decoded)[1].event).effect, "b \"quoted\"");
}

// Broken: a newer program's events would be misread by an older one instead of halting it.
TEST(JournalCodec, refuses_types_and_versions_it_does_not_know) {
  for (const char* type : {"batchrouter.batch.ended.v2", "batchrouter.batch.unknown.v1", "other.batch.ended.v1",
                           "batch.ended", "batchrouter.v1", "batchrouter..v1", ""}) {
    EXPECT_THAT(refusal(std::string(R"([{"type": ")") + type + R"(", "data": {}}])"), HasSubstr("event 0")) << type;
  }
  EXPECT_THAT(refusal(R"([{"type": "batchrouter.batch.ended.v1"}])"), HasSubstr("data is missing"));
  EXPECT_THAT(refusal(R"([{"type": 1, "data": {}}])"), HasSubstr("type"));
  EXPECT_THAT(refusal(R"([{"type": "batchrouter.batch.ended.v1", "data": {}}, 5])"), HasSubstr("event 1"));
}

TEST(JournalCodec, refuses_what_is_not_a_group) {
  for (const char* text : {"", "{}", "[", "[{]", "null", "[] []"}) EXPECT_NE(refusal(text), "") << text;
  EXPECT_NE(refusal(std::string(1'000'000, '[')), "");
  EXPECT_NE(refusal(std::string(1'000'000, '[') + std::string(1'000'000, ']')), "");
  EXPECT_EQ(refusal("[]"), "");
}

TEST(JournalCodec, names_the_place_of_a_member_that_cannot_be_read) {
  const std::pair<const char*, const char*> faults[] = {
      {R"({"org": 5})", "data/org "},
      {R"({"org": null})", "data/org "},
      {R"({"phase": "done"})", "data/phase "},
      {R"({"captured": "1.00"})", "data/captured "},
      {R"({"captured": 0.5})", "data/captured "},
      {R"({"captured": 9223372036854775808})", "data/captured "},
      {R"({"tally": {"failed": -1}})", "data/tally/failed "},
      {R"({"tally": {"failed": 4294967296}})", "data/tally/failed "},
      {R"({"tally": []})", "data/tally "},
      {R"([])", "data "},
  };
  for (const auto& [data, place] : faults) EXPECT_THAT(refusal(ended(data)), HasSubstr(place)) << data;
  EXPECT_THAT(refusal(R"([{"type": "batchrouter.quote.locked.v1",
                           "data": {"plan": {"routes": [{}, {"prices": {"input": -1}}]}}}])"),
              HasSubstr("data/plan/routes/1/prices/input "));
  EXPECT_THAT(refusal(R"([{"type": "batchrouter.quote.locked.v1", "data": {"expires_at": "tomorrow"}}])"),
              HasSubstr("data/expires_at "));
}

// Broken: what was written before a member existed could not be read any more.
TEST(JournalCodec, keeps_defaults_of_absent_members_and_ignores_unknown_ones) {
  const auto decoded = decode_group(ended(R"({"org": "org_1", "added_later": [1, {"a": 2}]})"));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
  const auto& event = std::get<core::batch::BatchEnded>(decoded->front().event);
  EXPECT_EQ(event.org, core::OrgId("org_1"));
  EXPECT_EQ(event.phase, core::batch::Phase::completed);
  EXPECT_EQ(event.captured, core::Money{});
  EXPECT_EQ(decoded->front().cause, core::CommandId{});
}

}  // namespace
}  // namespace schemas
