// If these fail, a download that is taken up again has a hole or a part twice.
#include "api/http/byte_range.h"

#include <gtest/gtest.h>

#include "api/http/entity_tag.h"

namespace api::http {
namespace {

TEST(ByteRangeTest, OneRangeOfBytes) {
  struct Case {
    const char* header;
    std::uint64_t size;
    ByteRange range;
  };
  for (const Case& c : {
           Case{"bytes=0-0", 10, {0, 1}},
           {"bytes=0-9", 10, {0, 10}},
           {"bytes=3-5", 10, {3, 3}},
           {"bytes=9-", 10, {9, 1}},
           {"bytes=0-", 10, {0, 10}},
           {"bytes=5-99", 10, {5, 5}},
           {"bytes=5-99999999999999999999", 10, {5, 5}},
           {"bytes=5-18446744073709551615", 10, {5, 5}},
           {"bytes=-3", 10, {7, 3}},
           {"bytes=-99", 10, {0, 10}},
           {"bytes=-99999999999999999999", 10, {0, 10}},
           {"Bytes= 1-2 ", 10, {1, 2}},
       }) {
    const auto range = parse_range(c.header, c.size);
    ASSERT_TRUE(range.has_value() && range->has_value()) << c.header;
    EXPECT_EQ(**range, c.range) << c.header;
  }
}

TEST(ByteRangeTest, WhatIsNoSingleRangeOfBytesGetsTheWhole) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-3", "bytes=1-2,4-5", "bytes=+1-2",
                             "bytes=1-2-3", "bytes=1 - 2", "items=0-1", "bytes=0x1-2", "bytes 0-1", "bytes=--1"}) {
    const auto range = parse_range(header, 10);
    EXPECT_TRUE(range.has_value() && !range->has_value()) << header;
  }
  const auto range = parse_range("bytes=-5", 0);
  EXPECT_TRUE(range.has_value() && !range->has_value());
}

TEST(ByteRangeTest, WhatLiesOutsideIsRefused) {
  for (const char* header : {"bytes=10-", "bytes=10-20", "bytes=99999999999999999999-", "bytes=-0"})
    EXPECT_EQ(parse_range(header, 10).error().code, core::ErrorCode::range_not_satisfiable) << header;
  EXPECT_TRUE(parse_range("bytes=0-", 0).has_error());
}

TEST(ByteRangeTest, IsToldAsInTheStandard) {
  EXPECT_EQ(content_range({0, 100}, 1000), "bytes 0-99/1000");
  EXPECT_EQ(content_range({999, 1}, 1000), "bytes 999-999/1000");
}

TEST(EntityTagTest, IsFoundInALists) {
  const std::string tag = entity_tag("a");
  EXPECT_NE(tag, entity_tag("b"));
  for (const std::string& list :
       {tag, "W/" + tag, "\"x\", " + tag, tag + ",\"x\"", std::string("*"), " \t" + tag + " "})
    EXPECT_TRUE(names_tag(list, tag)) << list;
  for (const std::string& list : {std::string(), std::string("\"x\""), tag.substr(1), std::string(",,"), tag + "x"})
    EXPECT_FALSE(names_tag(list, tag)) << list;
}

}  // namespace
}  // namespace api::http
