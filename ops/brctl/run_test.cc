#include "ops/brctl/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ops/config_keys.h"

namespace ops::brctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Answer {
  int exit_code = 0;
  std::string out;
  std::string errors;
};

Answer brctl(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  std::ostringstream out, errors;
  const int exit_code = run(arguments, environment, out, errors);
  return {exit_code, out.str(), errors.str()};
}

// Scripts that check a file before a deployment would go on with a bad one.
TEST(Brctl, config_check_says_what_is_wrong_and_exits_with_it) {
  const Answer good = brctl({"config", "check", "ops/batchrouter.toml"}, {{"BATCHROUTER_HTTP_PORT", "bad"}});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "ops/batchrouter.toml: good\n");

  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "brctl_config_check.toml";
  std::ofstream(path) << "[http]\nport = 70000\nprot = 1\n";
  const Answer bad = brctl({"config", "check", path.string()});
  std::filesystem::remove(path);
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.out, "");
  EXPECT_THAT(bad.errors, AllOf(HasSubstr(":2: http.port takes"), HasSubstr(":3: there is no setting http.prot")));
}

// An operator could not see which of file, environment and flags won.
TEST(Brctl, config_show_has_every_setting_with_its_origin) {
  const Answer shown = brctl({"config", "show", "--data", "elsewhere"},
                             {{"BATCHROUTER_HTTP_PORT", "9000"}, {"BATCHROUTER_API_KEY", "do-not-show"}});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("[http]\n"), HasSubstr("port = 9000  # BATCHROUTER_HTTP_PORT\n"),
                    HasSubstr("directory = \"elsewhere\"  # --data\n"),
                    HasSubstr("mode = \"development\"  # default\n"), testing::Not(HasSubstr("do-not-show"))));
}

TEST(Brctl, config_example_is_the_example_file) {
  EXPECT_EQ(brctl({"config", "example"}).out, example_file());
}

TEST(Brctl, help_and_version_are_answers_and_wrong_arguments_are_not) {
  EXPECT_THAT(brctl({"--version"}).out, StartsWith("brctl "));
  EXPECT_THAT(brctl({"--help"}).out, HasSubstr("brctl config check batchrouter.toml"));
  EXPECT_THAT(brctl({"config", "show", "--help"}).out, HasSubstr("--set"));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"config"}, {"config", "check"}, {"confg"}, {"config", "show", "--prot", "1"}}) {
    const Answer answer = brctl(arguments);
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_EQ(answer.out, "");
    EXPECT_NE(answer.errors, "");
  }
}

}  // namespace
}  // namespace ops::brctl
