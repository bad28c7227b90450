// If these fail, an event is shown cut in two, or as part of another.
#include "schemas/group_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "schemas/journal_codec.h"

namespace schemas {
namespace {

std::string group_of(const std::string& label) {
  GroupWriter writer(core::Partition(3), core::Timestamp(std::chrono::seconds(1'700'000'000)));
  core::identity::ApiKeyCreated created;
  created.org = core::OrgId("org_1");
  created.label = label;
  writer.add({core::CommandId("cmd_1"), core::AggregateKey("org:org_1"), created});
  writer.add({core::CommandId("cmd_2"), core::AggregateKey("org:org_1"), core::EffectCompleted{label}});
  return std::move(writer).finish();
}

TEST(GroupTexts, are_the_events_whatever_their_texts_hold) {
  for (const std::string label : {"", "plain", "a \"quoted\" } word {", "\\", "\\\"", "},{\"type\":\"x\"", "Ä€"}) {
    const std::string group = group_of(label);
    const auto events = split_group(group);
    ASSERT_TRUE(events) << group;
    ASSERT_EQ(events->size(), 2u) << group;
    EXPECT_EQ("[" + std::string((*events)[0]) + "," + std::string((*events)[1]) + "]", group);
    EXPECT_EQ(attribute_of((*events)[0], "type"), "batchrouter.identity.api_key_created.v1");
    EXPECT_EQ(attribute_of((*events)[1], "causationid"), "cmd_2");
    EXPECT_EQ(attribute_of((*events)[1], "label"), "");
    EXPECT_EQ(attribute_of((*events)[1], "effect"), "") << "it is in the data";
    EXPECT_EQ(short_type(attribute_of((*events)[1], "type")), "effect.completed");
  }
  EXPECT_EQ(split_group("[]")->size(), 0u);
  EXPECT_EQ(short_type("other.v1"), "other.v1");
  EXPECT_EQ(pretty_json("{\"a\":[1,\"x\"]}"), "{\n  \"a\": [\n    1,\n    \"x\"\n  ]\n}");
  EXPECT_EQ(pretty_json("{\"a\""), "{\"a\"");
}

TEST(GroupTexts, refuse_what_is_no_group_and_never_crash) {
  for (const std::string text : {"", "[", "]", "{}", "[{]", "[{}", "[{\"]", "[{}x]", "[1]", "[{\"a\":\"\\", "[}]"})
    EXPECT_FALSE(split_group(text)) << text;
  const std::string sound = group_of("a \"b\" {");
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    std::string text = sound;
    for (auto change = random() % 5; change > 0; --change) text[random() % text.size()] = "{}\"\\,[]x"[random() % 8];
    text.resize(random() % (text.size() + 1));
    if (const auto events = split_group(text)) {
      for (const std::string_view event : *events) attribute_of(event, "type");
    }
  }
}

}  // namespace
}  // namespace schemas
