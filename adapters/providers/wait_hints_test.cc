// If this failed: a provider would be asked again too early, or a lane stand still for longer than it was told.
#include "adapters/providers/wait_hints.h"

#include <gtest/gtest.h>

namespace adapters::providers {
namespace {

using http_client::Headers;

constexpr core::Timestamp now{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

TEST(WaitHints, durations_as_go_writes_them) {
  const std::pair<std::string_view, std::int64_t> readable[] = {{"1s", 1'000},
                                                                {"6m0s", 360'000},
                                                                {"7.25s", 7'250},
                                                                {"20ms", 20},
                                                                {"2m59.56s", 179'560},
                                                                {"1h2m3s", 3'723'000},
                                                                {"0s", 0},
                                                                {"13", 13'000},
                                                                {"0.3", 300},
                                                                {"100us", 1},
                                                                {"500ns", 1},
                                                                {"99999h", 86'400'000},
                                                                {"1d", 86'400'000},
                                                                {"99999999999999999999s", 86'400'000}};
  for (const auto& [text, milliseconds] : readable)
    EXPECT_EQ(parse_go_duration(text), Milliseconds(milliseconds)) << text;
  for (const std::string_view text : {"", "-1s", "s", "1x", "1s2", "soon", "1s ", "nan", "inf", "1e3s", "1m-2s"})
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
}

TEST(WaitHints, retry_after_in_all_its_forms) {
  EXPECT_EQ(retry_after({{"retry-after", "3"}}, now), Milliseconds(3'000));
  EXPECT_EQ(retry_after({{"retry-after", "3"}, {"retry-after-ms", "250"}}, now), Milliseconds(250));
  EXPECT_EQ(retry_after({{"retry-after", "3"}, {"retry-after-ms", "x"}}, now), Milliseconds(3'000));
  EXPECT_EQ(retry_after({{"retry-after", "Thu, 01 Jan 2026 00:00:09 GMT"}}, now), Milliseconds(9'000));
  EXPECT_EQ(retry_after({{"retry-after", "0"}}, now), Milliseconds(0));
  for (const std::string text : {"-1", "soon", ""}) EXPECT_EQ(retry_after({{"retry-after", text}}, now), std::nullopt);
  EXPECT_EQ(retry_after({}, now), std::nullopt);
}

TEST(WaitHints, waits_for_the_last_of_the_limits_that_are_used_up) {
  EXPECT_EQ(exhausted_for({{"x-ratelimit-remaining-requests", "0"},
                           {"x-ratelimit-reset-requests", "1s"},
                           {"x-ratelimit-remaining-tokens", "0"},
                           {"x-ratelimit-reset-tokens", "6m0s"}},
                          now),
            Milliseconds(360'000));
  EXPECT_EQ(exhausted_for({{"x-ratelimit-remaining-requests", "1"}, {"x-ratelimit-reset-requests", "1s"}}, now),
            std::nullopt);
  EXPECT_EQ(
      exhausted_for({{"x-ratelimit-remaining-requests-day", "0"}, {"x-ratelimit-reset-requests-day", "33.5"}}, now),
      Milliseconds(33'500));
  EXPECT_EQ(exhausted_for({{"anthropic-ratelimit-output-tokens-remaining", "0"},
                           {"anthropic-ratelimit-output-tokens-reset", "2026-01-01T00:00:02Z"}},
                          now),
            Milliseconds(2'000));
  EXPECT_EQ(exhausted_for({{"anthropic-ratelimit-requests-remaining", "0"},
                           {"anthropic-ratelimit-requests-reset", "2025-12-31T23:59:59Z"}},
                          now),
            Milliseconds(0));
  EXPECT_EQ(exhausted_for({{"x-ratelimit-remaining-requests", "0"}}, now), std::nullopt);
  EXPECT_EQ(exhausted_for({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "later"}}, now),
            std::nullopt);
}

}  // namespace
}  // namespace adapters::providers
