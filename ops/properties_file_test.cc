// If these fail, a cluster's password is read wrong, or told to the log.
#include "ops/properties_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/temporary_directory.h"

namespace ops {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class PropertiesFile : public testing::Test {
 protected:
  core::Result<std::map<std::string, std::string>> read(const std::string& text) {
    std::ofstream(directory_.path() / "client.properties") << text;
    return read_properties_file(directory_.path() / "client.properties");
  }
  adapters::files::TemporaryDirectory directory_;
};

TEST_F(PropertiesFile, names_and_values_as_they_stand) {
  const auto properties = read("# cluster\n\n security.protocol = SASL_SSL\r\nsasl.password=a=b #c\nempty=\n");
  ASSERT_TRUE(properties.has_value());
  EXPECT_THAT(*properties,
              ElementsAre(Pair("empty", ""), Pair("sasl.password", "a=b #c"), Pair("security.protocol", "SASL_SSL")));
}

TEST_F(PropertiesFile, a_mistake_is_refused_with_its_place_and_without_its_text) {
  EXPECT_THAT(read("a=1\nhunter2\n").error().detail, AllOf(HasSubstr(":2: "), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read("=hunter2\n").error().detail, AllOf(HasSubstr(":1: "), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read("a=1\na=hunter2\n").error().detail, AllOf(HasSubstr(":2: a "), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read_properties_file(directory_.path() / "none").error().detail, HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace ops
