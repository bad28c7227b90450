// If these fail, deadlines and start times given by customers mean other moments than they meant.
#include "schemas/rfc3339.h"

#include <gtest/gtest.h>

#include <string>

namespace schemas {
namespace {

std::int64_t micros(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? time->time_since_epoch().count() : -1;
}

TEST(Rfc3339, ReadsMomentsToTheMicrosecond) {
  EXPECT_EQ(micros("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(micros("2026-01-01T00:00:00Z"), 1'767'225'600'000'000);
  EXPECT_EQ(micros("2026-01-01t00:00:00.5z"), 1'767'225'600'500'000);
  EXPECT_EQ(micros("2026-01-01T00:00:00.123456789Z"), 1'767'225'600'123'456);
  EXPECT_EQ(micros("2026-01-01T02:30:00+02:30"), 1'767'225'600'000'000);
  EXPECT_EQ(micros("2025-12-31T16:00:00-08:00"), 1'767'225'600'000'000);
  EXPECT_EQ(micros("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
}

TEST(Rfc3339, RefusesWhatIsNotOneMoment) {
  for (const char* text : {"",
                           "2026-01-01",
                           "2026-01-01T00:00:00",
                           "2026-01-01 00:00:00Z",
                           "2026-1-1T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+0200",
                           "2026-01-01T00:00:00Zz",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "-026-01-01T00:00:00Z"}) {
    EXPECT_EQ(micros(text), -1) << text;
  }
}

TEST(Rfc3339, WritesWhatItReads) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000001Z",
                           "2000-02-29T23:59:59.250000Z", "9999-12-31T23:59:59.999999Z"}) {
    EXPECT_EQ(to_rfc3339(*parse_rfc3339(text)), text);
  }
}

}  // namespace
}  // namespace schemas
