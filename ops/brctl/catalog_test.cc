// If this failed: an operator would sell at prices that he did not mean, or could not go back.
#include "schemas/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "adapters/files/temporary_directory.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"

namespace ops::brctl {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Answer {
  int exit_code = 0;
  std::string out;
  std::string errors;
};

struct CatalogCommand : testing::Test {
  adapters::files::TemporaryDirectory directory;
  const std::string built_in = schemas::built_in_catalog().version();

  Answer brctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "catalog");
    arguments.insert(arguments.end(), {"--data", (directory.path() / "data").string()});
    std::ostringstream out, errors;
    const int exit_code = run(arguments, {}, out, errors);
    return {exit_code, out.str(), errors.str()};
  }
  std::string file(const std::string& name, const std::string& content) {
    const auto path = directory.path() / name;
    std::ofstream(path) << content;
    return path.string();
  }
  // A list of pydantic/genai-prices with two models of OpenAI; gpt-5.4-mini costs 0.75, 0.075 and 4.5.
  std::string genai_prices(const std::string& input) {
    return file("list.json", R"([{"id": "openai", "models": [
      {"id": "gpt-5.4-mini", "match": {"equals": "gpt-5.4-mini"}, "prices": {"input_mtok": )" +
                                 input + R"(, "cache_read_mtok": 0.075, "output_mtok": 4.5}},
      {"id": "gpt-9", "match": {"equals": "gpt-9"}, "prices": {"input_mtok": 1}}]}])");
  }
  std::string current() { return brctl({"versions", "--json"}).out; }
};

TEST_F(CatalogCommand, import_shows_and_writes_and_use_goes_back) {
  const std::string list = genai_prices("1.5");
  const Answer dry = brctl({"import", list, "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0);
  EXPECT_THAT(dry.out, AllOf(ContainsRegex("gpt-5.4-mini +openai +sync +0.75 → 1.5  \\+100 % +0.075 +4.5\n"),
                             HasSubstr("1 offering at another price"), HasSubstr("1 model of the lists not in the"),
                             Not(HasSubstr("gpt-9"))));
  EXPECT_EQ(dry.errors, "nothing is written: this is a dry run\n");
  EXPECT_THAT(current(), HasSubstr(R"("current":")" + built_in + '"'));

  const Answer imported = brctl({"import", list, "--verbose"});
  EXPECT_EQ(imported.exit_code, 0) << imported.errors;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("not in the catalog: openai/gpt-9"), HasSubstr("gpt-5.4-mini of openai, b"),
                                  HasSubstr("Back: brctl catalog use " + built_in)));
  EXPECT_THAT(current(), Not(HasSubstr(R"("current":")" + built_in + '"')));
  EXPECT_THAT(brctl({"show"}).out, ContainsRegex("gpt-5.4-mini +openai +sync +1.5 +0.075 +4.5\n"));
  EXPECT_THAT(brctl({"show", built_in}).out, ContainsRegex("gpt-5.4-mini +openai +sync +0.75 +0.075 +4.5\n"));

  const Answer again = brctl({"import", list});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.errors, HasSubstr("no price changes"));

  EXPECT_EQ(brctl({"use", built_in}).exit_code, 0);
  EXPECT_THAT(brctl({"show"}).out, StartsWith("version " + built_in + ","));
}

// A slip in a public list would be sold at.
TEST_F(CatalogCommand, what_moves_much_or_cannot_be_wants_a_look) {
  const std::string list = genai_prices("2.26");
  const Answer refused = brctl({"import", list});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("more than threefold"));
  EXPECT_THAT(refused.errors, HasSubstr("say --yes"));
  EXPECT_THAT(current(), HasSubstr(R"("current":")" + built_in + '"'));
  const Answer imported = brctl({"import", list, "--yes", "--json"});
  EXPECT_EQ(imported.exit_code, 0) << imported.errors;
  EXPECT_THAT(imported.out, AllOf(HasSubstr(R"("input":"2.26")"), HasSubstr(R"("large":true)"),
                                  HasSubstr(R"("not_written_because":null)"), HasSubstr(R"("not_in_the_catalog":1)")));

  const std::string impossible = genai_prices("0");
  const Answer kept = brctl({"import", impossible});
  EXPECT_EQ(kept.exit_code, 1);
  EXPECT_THAT(kept.out, HasSubstr("refused: gpt-5.4-mini of openai, sync: input would cost nothing"));
  EXPECT_THAT(brctl({"import", impossible, "--yes"}).errors, HasSubstr("no price changes"));
}

TEST_F(CatalogCommand, a_portkey_file_needs_to_say_whose_it_is) {
  const std::string prices =
      R"({"gpt-5.4-mini": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.00008000000000000001}}}}})";
  const std::string unnamed = file("prices.json", prices);
  const Answer refused = brctl({"import", unnamed});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors, AllOf(StartsWith(unnamed), HasSubstr("--provider")));
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{unnamed, "--provider", "openai"},
                                                    {file("openai.json", prices)},
                                                    {file("portkey-openai.json", prices)}}) {
    std::vector<std::string> command = {"import", "--dry-run"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    EXPECT_THAT(brctl(command).out, ContainsRegex("gpt-5.4-mini +openai +sync +0.75 → 0.8  \\+6.6 %"));
  }
  EXPECT_EQ(brctl({"import", unnamed, unnamed, "--provider", "openai"}).exit_code, 1);
  EXPECT_THAT(brctl({"import", genai_prices("1"), "--provider", "openai"}).errors, HasSubstr("leave --provider out"));
}

TEST_F(CatalogCommand, versions_are_compared) {
  ASSERT_EQ(brctl({"import", genai_prices("1.5")}).exit_code, 0);
  const std::string versions = brctl({"versions"}).out;
  const std::size_t line = versions.rfind('\n', versions.find(" current"));
  const std::string version = versions.substr(line + 1, versions.find(' ', line) - line - 1);
  EXPECT_THAT(versions, ContainsRegex(built_in + " +built in\n"));
  EXPECT_THAT(
      brctl({"diff", version, built_in}).out,
      AllOf(ContainsRegex("gpt-5.4-mini +openai +sync +1.5 → 0.75  -50 %"), HasSubstr("1 offering at another")));
  EXPECT_THAT(brctl({"diff", version, built_in, "--json"}).out,
              AllOf(HasSubstr(R"("to":")" + built_in + '"'), HasSubstr(R"("added":[],"removed":[])")));
}

TEST_F(CatalogCommand, wrong_input_is_told_from_wrong_arguments) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"import", file("none.json", "{}")},
                                                    {"import", "missing.json"},
                                                    {"import", file("bad.json", "{")},
                                                    {"import", directory.path().string()},
                                                    {"show", "v1"},
                                                    {"use", "2031-01-09"},
                                                    {"diff", built_in, "2031-01-09"}}) {
    const Answer answer = brctl(arguments);
    EXPECT_EQ(answer.exit_code, 1) << arguments[0];
    EXPECT_EQ(answer.out, "");
    EXPECT_NE(answer.errors, "");
  }
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"import"}, {"use"}, {"diff", built_in}, {"show", "--prices"}})
    EXPECT_EQ(brctl(arguments).exit_code, 2);
  for (const char* command : {"import", "show", "versions", "diff", "use"})
    EXPECT_THAT(brctl({command, "--help"}).out, HasSubstr("Example"));
}

TEST(Table, counts_characters_and_groups_digits) {
  EXPECT_EQ(render_table({{"A", "B", ""}, {"1 → 2", "x", ""}, {"", "yy", "z"}}), "A      B\n1 → 2  x\n       yy  z\n");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(counted(1'234'567, "price"), "1,234,567 prices");
  EXPECT_EQ(counted(1, "price"), "1 price");
}

}  // namespace
}  // namespace ops::brctl
