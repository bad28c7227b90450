#include "adapters/logging/spdlog_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace adapters::logging {
namespace {

using testing::ElementsAre;
using testing::EndsWith;

using Close = int (*)(std::FILE*);
using Stream = std::unique_ptr<std::FILE, Close>;

std::vector<std::string> lines_until_end(std::FILE* stream) {
  std::vector<std::string> lines(1);
  for (int c = std::fgetc(stream); c != EOF; c = std::fgetc(stream)) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += static_cast<char>(c);
    }
  }
  EXPECT_EQ(lines.back(), "") << "the last line has an end too";
  lines.pop_back();
  return lines;
}

template <class Write>
std::vector<std::string> lines_of(Options options, Write write) {
  const Stream file(std::tmpfile(), std::fclose);
  options.stream = file.get();
  {
    SpdlogLog log(options);
    write(log);
  }
  std::rewind(file.get());
  return lines_until_end(file.get());
}

// An operator's tools would no longer find time, level, event and fields.
TEST(SpdlogLog, text_line_has_time_level_event_and_fields) {
  const auto lines = lines_of({}, [](processors::Log& log) {
    info(log, "listening", {{"url", "http://127.0.0.1:8080"}, {"threads", 2}});
    warn(log, "slow");
    error(log, "halted", {{"largest", std::numeric_limits<std::uint64_t>::max()}, {"below", -1}});
  });
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(
      lines,
      testing::Each(testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z .*")));
  EXPECT_THAT(lines,
              ElementsAre(EndsWith("Z info listening url=http://127.0.0.1:8080 threads=2"), EndsWith("Z warning slow"),
                          EndsWith("Z error halted largest=18446744073709551615 below=-1")));
}

// A value from outside could forge lines or fields, or send control sequences to a terminal.
TEST(SpdlogLog, no_value_breaks_out_of_its_text_field) {
  const auto lines = lines_of({}, [](processors::Log& log) {
    info(log, "refused",
         {{"newline", "a\nb"},
          {"quotes", "say \"no\" \\"},
          {"fields", "x=1"},
          {"empty", ""},
          {"terminal", "\x1b[31m\r\x9b\xe2\x80\xae"}});
  });
  EXPECT_THAT(lines, ElementsAre(EndsWith(R"(newline="a\nb" quotes="say \"no\" \\" fields="x=1" empty="" )"
                                          R"(terminal="\u001b[31m\u000d\u009b\u00e2\u0080\u00ae")")));
}

// Lines that are no JSON, or hold other members than meant, mislead whatever collects them.
TEST(SpdlogLog, every_json_line_parses_whatever_its_values_hold) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const auto lines = lines_of({.format = Format::json}, [&](processors::Log& log) {
    info(log, "refused", {{"value", all_bytes}, {"forged", R"(","level":"error)"}, {"items", std::size_t{7}}});
  });
  ASSERT_EQ(lines.size(), 1u);
  rapidjson::Document line;
  line.Parse<rapidjson::kParseValidateEncodingFlag>(lines[0].c_str(), lines[0].size());
  ASSERT_FALSE(line.HasParseError()) << lines[0];
  EXPECT_EQ(line.MemberCount(), 6u);
  EXPECT_STREQ(line["level"].GetString(), "info");
  EXPECT_STREQ(line["event"].GetString(), "refused");
  EXPECT_STREQ(line["forged"].GetString(), R"(","level":"error)");
  EXPECT_EQ(line["items"].GetInt64(), 7);
  EXPECT_TRUE(line["time"].IsString());
}

// One long value could fill the disk.
TEST(SpdlogLog, long_values_are_cut) {
  for (const Format format : {Format::text, Format::json}) {
    const auto lines = lines_of({.format = format}, [](processors::Log& log) {
      info(log, "refused", {{"value", std::string(1'000'000, 'x')}});
    });
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_LT(lines[0].size(), 1'200u);
    EXPECT_THAT(lines[0], testing::HasSubstr("xxx...\""));
  }
}

// log_level would not do what it says.
TEST(SpdlogLog, levels_below_the_least_are_left_out) {
  const auto write_all = [](processors::Log& log) {
    debug(log, "one");
    info(log, "two");
    warn(log, "three");
    error(log, "four");
  };
  using enum processors::Log::Level;
  EXPECT_EQ(lines_of({.level_min = debug}, write_all).size(), 4u);
  EXPECT_EQ(lines_of({.level_min = info}, write_all).size(), 3u);
  EXPECT_EQ(lines_of({.level_min = warning}, write_all).size(), 2u);
  EXPECT_EQ(lines_of({.level_min = error}, write_all).size(), 1u);
}

// A reader of stderr that hangs would hang the service, or lines would vanish without a word.
TEST(SpdlogLog, a_reader_that_hangs_costs_lines_that_are_counted_and_no_time) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const Stream read_end(fdopen(ends[0], "r"), std::fclose);
  Stream write_end(fdopen(ends[1], "w"), std::fclose);

  constexpr int lines_written = 10'000;  // far more than a pipe holds
  auto log = std::make_unique<SpdlogLog>(Options{.stream = write_end.get(), .lines_max = 8});
  for (int line = 0; line < lines_written; ++line) info(*log, "tick", {{"line", line}});

  std::vector<std::string> lines;
  std::thread reader([&] { lines = lines_until_end(read_end.get()); });
  log.reset();
  write_end.reset();
  reader.join();

  constexpr std::string_view loss = " warning log_lines_lost lines=";
  int seen = 0, lost = 0;
  for (const std::string& line : lines) {
    const std::size_t found = line.find(loss);
    if (found == std::string::npos) {
      ++seen;
    } else {
      lost += std::stoi(line.substr(found + loss.size()));
    }
  }
  EXPECT_GT(lost, 0);
  EXPECT_EQ(seen + lost, lines_written);
  EXPECT_THAT(lines.back(), EndsWith("tick line=9999"));
}

}  // namespace
}  // namespace adapters::logging
