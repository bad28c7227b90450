// If these fail, an operator who asks the journal is shown other events than it has, or the reading changes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/files/temporary_directory.h"
#include "core/testing/samples.h"
#include "ops/brctl/run.h"
#include "processors/testing/journal_calls.h"
#include "schemas/journal_codec.h"

namespace ops::brctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Answer {
  int exit_code = 0;
  std::string out;
  std::string errors;

  std::size_t lines() const { return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')); }
};

class EventsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(data());
    std::ofstream(data() / "journal_identity") << "embedded 4\n";
    auto log = adapters::embedded_log::EmbeddedLog::open_log({.directory = data() / "journal", .segment_bytes = 4096});
    ASSERT_TRUE(log) << log.error().detail;
    for (int i = 0; i < 60; ++i) {
      const core::OrgId org("org_" + std::to_string(i % 3));
      const core::Partition partition(static_cast<std::uint32_t>(i % 3));
      const core::Timestamp time(std::chrono::seconds(1'700'000'000 + i));
      schemas::GroupWriter group(partition, time);
      const std::string cause = "cmd_" + std::to_string(i);
      group.add({core::CommandId(cause), core::aggregate_of(org),
                 core::batch::BatchQueued{org, core::BatchId("bat_" + std::to_string(i))}});
      core::identity::ApiKeyCreated created;
      created.org = org;
      created.key.id = core::ApiKeyId("key_" + std::to_string(i));
      created.label = i == 30 ? "needle" : "hay";
      group.add({core::CommandId(cause), core::aggregate_of(org), created});
      processors::JournalRecord record;
      record.epoch = core::Epoch(2);
      record.instance = "node-1";
      record.time = time;
      record.chain = std::string(32, 'c');
      record.value = std::move(group).finish();
      ASSERT_TRUE(processors::append_and_wait(**log, partition, record));
    }
  }

  std::filesystem::path data() const { return directory_.path() / "data"; }

  Answer events(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "events");
    arguments.insert(arguments.end(), {"--data", data().string()});
    const Environment environment;
    std::ostringstream out, errors;
    const int exit_code = run(arguments, environment, out, errors);
    return {exit_code, out.str(), errors.str()};
  }

  adapters::files::TemporaryDirectory directory_;
};

TEST_F(EventsTest, tail_has_the_newest_that_match_over_all_files) {
  const Answer newest = events({"tail", "-n", "3"});
  EXPECT_EQ(newest.exit_code, 0) << newest.errors;
  EXPECT_EQ(newest.lines(), 3u);
  EXPECT_THAT(newest.out,
              HasSubstr("2023-11-14T22:14:19Z  2/19.1        identity.api_key_created     org:org_2  key_59\n"));
  const Answer old = events({"tail", "-n", "3", "--batch", "bat_7"});
  EXPECT_EQ(old.lines(), 1u) << "it is in the first file";
  EXPECT_EQ(events({"tail", "-n", "500"}).lines(), 120u);
  EXPECT_EQ(events({"tail", "-n", "500", "--type", "batch.*"}).lines(), 60u);
  EXPECT_EQ(events({"tail", "-n", "500", "--org", "org_1", "--from", "2023-11-14T22:13:30Z"}).lines(), 34u);
  EXPECT_EQ(events({"tail", "-n", "500", "--partition", "2", "--from-offset", "18"}).lines(), 4u);
  EXPECT_EQ(events({"tail", "--partition", "3"}).out, "");
}

TEST_F(EventsTest, grep_looks_into_the_events_and_says_when_nothing_is_there) {
  const Answer found = events({"grep", "\"label\":\"needle\"", "--json"});
  EXPECT_EQ(found.exit_code, 0) << found.errors;
  EXPECT_EQ(found.lines(), 1u);
  EXPECT_THAT(found.out,
              AllOf(HasSubstr(R"({"partition":0,"offset":10,"index":1,"epoch":2,"instance":"node-1","event":{)"),
                    HasSubstr(R"("causationid":"cmd_30")")));
  EXPECT_EQ(events({"grep", "", "--limit", "7"}).lines(), 7u);
  EXPECT_EQ(events({"grep", "hay", "--to", "2023-11-14T22:13:25Z"}).lines(), 5u);
  const Answer nothing = events({"grep", "nobody"});
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.errors, HasSubstr("no event matches"));
}

TEST_F(EventsTest, show_prints_places_and_lives) {
  const Answer record = events({"show", "0/10"});
  EXPECT_EQ(record.exit_code, 0) << record.errors;
  EXPECT_THAT(record.out, AllOf(HasSubstr("record 0/10 of 2023-11-14T22:13:50Z, epoch 2 of node-1, 2 events"),
                                HasSubstr("\n0/10.0  batch.queued  bat_30\n{\n  \"specversion\": \"1.0\""),
                                HasSubstr("→ plan its units"), HasSubstr("0/10.1  identity.api_key_created")));
  EXPECT_THAT(events({"show", "0/10.1"}).out, Not(HasSubstr("batch.queued")));
  EXPECT_EQ(events({"show", "0/10.1", "--json"}).lines(), 1u);
  EXPECT_THAT(events({"show", "bat_7"}).out, HasSubstr("command cmd_7\n"));
  EXPECT_THAT(events({"show", "org_1"}).out, AllOf(HasSubstr("command cmd_1 and 19 alike, until +57.000 s\n"),
                                                   HasSubstr("20 × identity.api_key_created")));
  for (const std::string unknown : {"bat_none", "org_none", "0/20", "0/10.2", "4/0", "99/1"}) {
    const Answer none = events({"show", unknown});
    EXPECT_EQ(none.exit_code, 1) << unknown;
    EXPECT_THAT(none.errors, HasSubstr(unknown));
  }
}

TEST_F(EventsTest, wrong_arguments_and_what_cannot_be_read_are_told_apart) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"grep"},
                                                {"show"},
                                                {"tail", "--from", "yesterday"},
                                                {"tail", "-n", "-1"},
                                                {"tail", "--from-offset", "3"},
                                                {"tail", "--partition", "4"},
                                                {"tail", "--set", "kafka.x=1"}})
    EXPECT_EQ(events(wrong).exit_code, 2) << (wrong.empty() ? "" : wrong.back());

  std::ofstream(data() / "journal_identity") << "kafka abc batchrouter 4\n";
  const Answer other = events({"tail"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.errors, HasSubstr("was made for the journal \"kafka abc batchrouter 4\""));
  std::filesystem::remove(data() / "journal_identity");
  EXPECT_EQ(events({"tail"}).exit_code, 3);
  std::filesystem::remove_all(data());
  const Answer missing = events({"tail"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.errors, HasSubstr("--data DIR"));
  EXPECT_FALSE(std::filesystem::exists(data())) << "a mistyped directory must not be made";
}

TEST_F(EventsTest, damage_is_named_with_its_file) {
  const auto path = data() / "journal" / "00000000000000000000.log";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file.put('#');
  file.close();
  const Answer damaged = events({"grep", "hay"});
  EXPECT_EQ(damaged.exit_code, 3);
  EXPECT_THAT(damaged.errors, HasSubstr(path.string() + " at byte 0"));
}

}  // namespace
}  // namespace ops::brctl
