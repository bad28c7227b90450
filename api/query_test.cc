// If these fail, a misspelt parameter is passed over in silence, and the client gets what it did not ask for.
#include "api/query.h"

#include <gtest/gtest.h>

namespace api {
namespace {

http::Request with(http::Parameters parameters) {
  http::Request request;
  request.query_parameters = std::move(parameters);
  return request;
}

TEST(QueryTest, UnknownAndRepeatedParametersAreRefusedByName) {
  EXPECT_TRUE(check_query(with({{"limit", "1"}, {"raw", "true"}}), {"limit", "raw"}));
  for (const auto& parameters : {http::Parameters{{"limit", "1"}, {"Limit", "1"}}, {{"Limit", "1"}}})
    EXPECT_EQ(check_query(with(parameters), {"limit"}).error().param, "Limit");
  EXPECT_EQ(check_query(with({{"limit", "1"}, {"limit", "1"}}), {"limit"}).error().param, "limit");
}

TEST(QueryTest, NumbersAreWholeAndWithinBounds) {
  const Bounds bounds{1, 1000};
  EXPECT_EQ(*query_number(with({}), "limit", bounds, 100), 100u);
  EXPECT_EQ(*query_number(with({{"limit", "1"}}), "limit", bounds, 100), 1u);
  EXPECT_EQ(*query_number(with({{"limit", "1000"}}), "limit", bounds, 100), 1000u);
  for (const char* text : {"", "0", "1001", "-1", "+1", "1.0", "1 ", " 1", "1e2", "0x1", "99999999999999999999"})
    EXPECT_EQ(query_number(with({{"limit", text}}), "limit", bounds, 100).error().param, "limit") << text;
}

TEST(QueryTest, FlagsAreTrueOrFalse) {
  EXPECT_FALSE(*query_flag(with({}), "raw"));
  EXPECT_FALSE(*query_flag(with({{"raw", "false"}}), "raw"));
  EXPECT_TRUE(*query_flag(with({{"raw", "true"}}), "raw"));
  for (const char* text : {"", "1", "yes", "TRUE"}) EXPECT_TRUE(query_flag(with({{"raw", text}}), "raw").has_error());
}

}  // namespace
}  // namespace api
