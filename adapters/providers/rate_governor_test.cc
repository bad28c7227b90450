// If this failed: a provider's limits would be run into again and again, or its capacity lie idle, and an org with many
// items keep one with few from being served.
#include "adapters/providers/rate_governor.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "adapters/providers/gate.h"

namespace adapters::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Timestamp start{seconds(1'767'225'600)};

std::vector<std::uint64_t> start_all(RateGovernor& governor, core::Timestamp now) {
  std::vector<std::uint64_t> calls;
  while (governor.may_start(now)) calls.push_back(governor.started());
  return calls;
}

TEST(RateGovernor, grows_with_answers_up_to_its_bound) {
  RateGovernor governor(20);
  EXPECT_EQ(start_all(governor, start).size(), 8U);
  for (int i = 0; i < 8; ++i) governor.finished(1, CallOutcome::answered, std::nullopt, start);
  EXPECT_EQ(start_all(governor, start).size(), 16U);
  for (int i = 0; i < 16; ++i) governor.finished(1, CallOutcome::answered, std::nullopt, start);
  EXPECT_EQ(governor.window(), 20U);
}

TEST(RateGovernor, halves_once_for_all_that_was_under_way_and_grows_slowly_from_then_on) {
  RateGovernor governor(64);
  const auto calls = start_all(governor, start);
  for (const auto call : calls) governor.finished(call, CallOutcome::failed, std::nullopt, start);
  EXPECT_EQ(governor.window(), 4U);
  EXPECT_EQ(governor.running(), 0U);
  for (int i = 0; i < 5; ++i) {
    const auto call = governor.started();
    governor.finished(call, CallOutcome::answered, std::nullopt, start);
  }
  EXPECT_EQ(governor.window(), 5U);
  for (int i = 0; i < 10; ++i) {
    const auto call = governor.started();
    governor.finished(call, CallOutcome::failed, std::nullopt, start);
  }
  EXPECT_EQ(governor.window(), 1U);
}

TEST(RateGovernor, pauses_as_it_is_told) {
  RateGovernor governor(64);
  governor.finished(governor.started(), CallOutcome::rate_limited, seconds(7), start);
  EXPECT_FALSE(governor.may_start(start + milliseconds(6'999)));
  EXPECT_TRUE(governor.may_start(start + seconds(7)));
  EXPECT_EQ(governor.kept_back(start), milliseconds(7'000));
  // Nothing remains, though this call was answered.
  governor.finished(governor.started(), CallOutcome::answered, seconds(9), start + seconds(7));
  EXPECT_FALSE(governor.may_start(start + seconds(15)));
  // A shorter pause does not end a longer one.
  governor.finished(governor.started(), CallOutcome::failed, seconds(1), start + seconds(7));
  EXPECT_FALSE(governor.may_start(start + seconds(15)));
  EXPECT_TRUE(governor.may_start(start + seconds(16)));
}

TEST(RateGovernor, pauses_longer_and_longer_when_it_is_told_nothing) {
  RateGovernor governor(64);
  core::Timestamp now = start;
  for (const int wait : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 32'000}) {
    ASSERT_TRUE(governor.may_start(now));
    governor.finished(governor.started(), CallOutcome::rate_limited, std::nullopt, now);
    EXPECT_EQ(governor.paused_until() - now, milliseconds(wait));
    now = governor.paused_until();
  }
  EXPECT_EQ(governor.kept_back(now), std::chrono::floor<milliseconds>(now - start));
  governor.finished(governor.started(), CallOutcome::answered, std::nullopt, now);
  EXPECT_EQ(governor.kept_back(now), milliseconds(0));
  governor.finished(governor.started(), CallOutcome::rate_limited, std::nullopt, now);
  EXPECT_EQ(governor.paused_until() - now, milliseconds(500));
}

TEST(RateGovernor, does_not_hurry_because_it_is_told_to) {
  RateGovernor governor(64);
  core::Timestamp now = start;
  for (int i = 0; i < 12; ++i) {
    governor.finished(governor.started(), CallOutcome::rate_limited, seconds(0), now);
    EXPECT_GT(governor.paused_until(), now);
    now = governor.paused_until();
  }
  EXPECT_GT(now - start, seconds(10));
}

TEST(RateGovernor, counts_what_tells_nothing_as_nothing) {
  RateGovernor governor(64);
  governor.finished(governor.started(), CallOutcome::abandoned, std::nullopt, start);
  EXPECT_EQ(governor.window(), 8U);
  EXPECT_EQ(governor.running(), 0U);
}

TEST(Gate, orgs_take_turns) {
  boost::asio::io_context io;
  core::Timestamp now = start;
  const auto gate = std::make_shared<Gate>(io.get_executor(), 1, [&now] { return now; });
  std::vector<std::string> order;
  std::vector<std::uint64_t> calls;
  for (const std::string org : {"large", "large", "large", "large", "small", "small"}) {
    gate->enter(core::OrgId(org), [&order, &calls, org](std::uint64_t call) {
      order.push_back(org);
      calls.push_back(call);
    });
  }
  for (std::size_t i = 0; i < 6; ++i) gate->leave(calls.at(i), CallOutcome::answered, std::nullopt);
  EXPECT_EQ(order, (std::vector<std::string>{"large", "large", "small", "large", "small", "large"}));
}

TEST(Gate, opens_again_after_a_pause) {
  boost::asio::io_context io;
  core::Timestamp now = start;
  const auto gate = std::make_shared<Gate>(io.get_executor(), 4, [&now] { return now; });
  int admitted = 0;
  std::uint64_t first = 0;
  gate->enter(core::OrgId("a"), [&](std::uint64_t call) { first = call; });
  gate->leave(first, CallOutcome::rate_limited, milliseconds(20));
  gate->enter(core::OrgId("a"), [&](std::uint64_t) { ++admitted; });
  EXPECT_EQ(admitted, 0);
  now += milliseconds(20);
  io.run();
  EXPECT_EQ(admitted, 1);
  gate->close();
  gate->enter(core::OrgId("a"), [&](std::uint64_t) { ++admitted; });
  EXPECT_EQ(admitted, 1);
}

}  // namespace
}  // namespace adapters::providers
