// Keeps the contracts: what stands in a log must stay readable for ever, and what others read from us must not change
// under them. Run with BATCHROUTER_UPDATE_CONTRACTS=1 to write the files of what is new: samples are written once and
// never again, schemas may gain optional members.
#include <gtest/gtest.h>
#include <rapidjson/schema.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "schemas/contract.h"
#include "schemas/journal_codec.h"
#include "schemas/public_descriptions.h"

namespace schemas {
namespace {

namespace files = std::filesystem;

const files::path root = "schemas";
const core::Timestamp sample_time = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

bool updating() {
  return std::getenv("BATCHROUTER_UPDATE_CONTRACTS") != nullptr;
}

std::string read_file(const files::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const files::path& path, const std::string& text) {
  files::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

rapidjson::Document parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  return document;
}

std::set<std::string> strings(const rapidjson::Value& schema, const char* member) {
  std::set<std::string> all;
  if (!schema.HasMember(member)) return all;
  for (const auto& value : schema[member].GetArray()) all.insert(value.GetString());
  return all;
}

// What in `now` breaks a reader or writer that goes by `before`; empty when nothing does.
std::string break_between(const rapidjson::Value& before, const rapidjson::Value& now, const std::string& place = "") {
  for (const char* fixed : {"type", "format", "minimum", "maximum"}) {
    if (before.HasMember(fixed) != now.HasMember(fixed)) return place + ": " + fixed + " came or went";
    if (before.HasMember(fixed) && before[fixed] != now[fixed]) return place + ": " + fixed + " changed";
  }
  if (strings(before, "required") != strings(now, "required")) return place + ": required members changed";
  const std::set<std::string> names = strings(now, "enum");
  for (const std::string& name : strings(before, "enum")) {
    if (!names.contains(name)) return place + ": the word " + name + " went";
  }
  if (before.HasMember("items")) {
    if (auto broken = break_between(before["items"], now["items"], place + "/items"); !broken.empty()) return broken;
  }
  if (!before.HasMember("properties")) return "";
  for (const auto& property : before["properties"].GetObject()) {
    const std::string below = place + "/" + property.name.GetString();
    const auto found = now["properties"].FindMember(property.name);
    if (found == now["properties"].MemberEnd()) return below + ": went";
    if (auto broken = break_between(property.value, found->value, below); !broken.empty()) return broken;
  }
  return "";
}

void check_schema(const files::path& path, const std::string& now) {
  if (files::exists(path)) {
    EXPECT_EQ(break_between(parse(read_file(path)), parse(now)), "")
        << path << ": make a new version, or the new member optional";
    if (::testing::Test::HasFailure()) return;
  }
  if (updating()) write_file(path, now);
  EXPECT_EQ(read_file(path), now) << path << ": run with BATCHROUTER_UPDATE_CONTRACTS=1 and look at the difference";
}

// The sample as it was written when its version was new.
std::string golden(const files::path& path, const std::string& first) {
  if (updating() && !files::exists(path)) write_file(path, first);
  return read_file(path);
}

void check_valid(const rapidjson::Value& data, const std::string& schema, const std::string& name) {
  const rapidjson::SchemaDocument document(parse(schema));
  rapidjson::SchemaValidator validator(document);
  EXPECT_TRUE(data.Accept(validator)) << name << " does not fit its own schema";
}

std::string encode_group_of_one(const RecordedEvent& event) {
  GroupWriter writer(core::Partition(3), sample_time);
  writer.add(event);
  const std::string group = std::move(writer).finish();
  return pretty(std::string_view(group).substr(1, group.size() - 2));
}

std::set<std::string> names_in(const files::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : files::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

// Broken: logs written before could not be read, or consumers of the journal would meet what they do not know.
TEST(Contracts, of_events_stay_as_they_were_published) {
  std::set<std::string> schemas_expected;
  std::set<std::string> samples_expected;
  Alternatives<core::Event>::visit([&]<class T>(std::type_identity<T>) {
    const std::string name = std::string(TypeName<T>::value) + ".v1";
    SCOPED_TRACE(name);
    const std::string schema = json_schema<T>("batchrouter." + name);
    check_schema(root / "events" / (name + ".schema.json"), schema);
    schemas_expected.insert(name + ".schema.json");

    const RecordedEvent first{core::CommandId("command_1"), core::AggregateKey("org:org_1"), SampleFiller().make<T>()};
    const std::string sample = golden(root / "golden" / "events" / (name + ".json"), encode_group_of_one(first));
    samples_expected.insert(name + ".json");
    const auto decoded = decode_group("[" + sample + "]");
    ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
    ASSERT_EQ(decoded->size(), 1u);
    EXPECT_TRUE(std::holds_alternative<T>(decoded->front().event));
    EXPECT_EQ(encode_group_of_one(decoded->front()), sample);
    const std::string newest = encode_group_of_one(first);  // with the members that came later
    EXPECT_EQ(encode_group_of_one(decode_group("[" + newest + "]")->front()), newest);
    check_valid(parse(newest)["data"], schema, name);
    check_valid(parse(sample)["data"], schema, name);
  });
  EXPECT_EQ(names_in(root / "events"), schemas_expected);
  EXPECT_EQ(names_in(root / "golden" / "events"), samples_expected);
}

// Broken: commands that wait in state as timers and forwards, or come from other systems, could not be read.
TEST(Contracts, of_commands_stay_as_they_were_published) {
  std::set<std::string> schemas_expected;
  std::set<std::string> samples_expected;
  Alternatives<core::Command>::visit([&]<class T>(std::type_identity<T>) {
    const std::string name = std::string(TypeName<T>::value) + ".v1";
    SCOPED_TRACE(name);
    const std::string schema = json_schema<T>("batchrouter.command." + name);
    check_schema(root / "commands" / (name + ".schema.json"), schema);
    schemas_expected.insert(name + ".schema.json");

    const core::Command first = SampleFiller().make<T>();
    const std::string sample = golden(root / "golden" / "commands" / (name + ".json"), pretty(to_json(first)));
    samples_expected.insert(name + ".json");
    core::Command decoded;
    std::string path;
    ASSERT_TRUE(from_json_text(sample, decoded, path)) << path;
    EXPECT_TRUE(std::holds_alternative<T>(decoded));
    EXPECT_EQ(pretty(to_json(decoded)), sample);
    check_valid(parse(sample)["data"], schema, name);
  });
  EXPECT_EQ(names_in(root / "commands"), schemas_expected);
  EXPECT_EQ(names_in(root / "golden" / "commands"), samples_expected);
}

// Broken: whoever reads the public topics with no code of ours would meet what they do not know.
TEST(Contracts, of_public_records_stay_as_they_were_published) {
  std::set<std::string> schemas_expected{"README.md"};
  std::set<std::string> samples_expected;
  Alternatives<PublicRecords>::visit([&]<class T>(std::type_identity<T>) {
    const std::string name = std::string(public_topic<T>()) + ".v1";
    SCOPED_TRACE(name);
    const std::string schema = json_schema<T>(public_type<T>());
    check_schema(root / "public" / (name + ".schema.json"), schema);
    schemas_expected.insert(name + ".schema.json");

    const std::string sample =
        golden(root / "golden" / "public" / (name + ".json"), pretty(encode_public(SampleFiller().make<T>())));
    samples_expected.insert(name + ".json");
    T decoded{};
    std::string path;
    ASSERT_TRUE(from_json_text(sample, decoded, path)) << path;
    EXPECT_EQ(pretty(encode_public(decoded)), sample);
    check_valid(parse(sample), schema, name);
  });
  EXPECT_EQ(names_in(root / "public"), schemas_expected);
  EXPECT_EQ(names_in(root / "golden" / "public"), samples_expected);
}

TEST(Contracts, a_schema_may_gain_optional_members_and_words_and_nothing_else) {
  const auto broken = [](const char* now) {
    const char* before =
        R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0},
            "b": {"type": "array", "items": {"enum": ["x", "y"]}}}})";
    return break_between(parse(before), parse(now));
  };
  EXPECT_EQ(broken(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0},
                       "b": {"type": "array", "items": {"enum": ["x", "y", "z"]}}, "c": {"type": "string"}}})"),
            "");
  EXPECT_NE(broken(R"({"type": "object", "required": ["a", "c"], "properties": {"a": {"type": "integer", "minimum": 0},
                       "b": {"type": "array", "items": {"enum": ["x", "y"]}}, "c": {"type": "string"}}})"),
            "");
  EXPECT_NE(broken(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0}}})"),
            "");
  EXPECT_NE(broken(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"},
                       "b": {"type": "array", "items": {"enum": ["x", "y"]}}}})"),
            "");
  EXPECT_NE(broken(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0},
                       "b": {"type": "array", "items": {"enum": ["x"]}}}})"),
            "");
}

}  // namespace
}  // namespace schemas
