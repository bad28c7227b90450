// Broken if this fails: waiting as long as a receiver or provider asks, and no longer than a day.
#include "adapters/http_client/retry_after.h"

#include <gtest/gtest.h>

namespace adapters::http_client {
namespace {

TEST(RetryAfter, reads_seconds_and_dates_and_ignores_nonsense) {
  using std::chrono::seconds;
  const core::Timestamp now{seconds(1767225600)};  // Thu, 01 Jan 2026 00:00:00 GMT
  const struct {
    std::string_view text;
    std::optional<seconds> wait;
  } rows[] = {
      {"0", seconds(0)},
      {"120", seconds(120)},
      {" 7\t", seconds(7)},
      {"1.2", seconds(2)},
      {"86400", seconds(86400)},
      {"86401", seconds(86400)},
      {"99999999999999999999999999", seconds(86400)},
      {"Thu, 01 Jan 2026 00:01:30 GMT", seconds(90)},
      {"Thursday, 01-Jan-26 00:01:30 GMT", seconds(90)},
      {"Thu Jan  1 00:01:30 2026", seconds(90)},
      {"Wed, 31 Dec 2025 23:59:00 GMT", seconds(0)},
      {"Fri, 01 Jan 2027 00:00:00 GMT", seconds(86400)},
      {"", std::nullopt},
      {"   ", std::nullopt},
      {"-1", std::nullopt},
      {"+5", std::nullopt},
      {"5s", std::nullopt},
      {"5 6", std::nullopt},
      {"1e3", std::nullopt},
      {"0x10", std::nullopt},
      {"nan", std::nullopt},
      {"inf", std::nullopt},
      {"soon", std::nullopt},
      {"Thu, 99 Jan 2026 00:00:00 GMT", std::nullopt},
      {"GMT", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_retry_after(row.text, now), row.wait) << row.text;
  EXPECT_EQ(parse_retry_after(std::string(100, '1'), now), std::nullopt);
}

}  // namespace
}  // namespace adapters::http_client
