// Broken if it fails: strangers can tell from the time of an answer who has an account.
#include "api/try_limits.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace api {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(AnswerAlike, WorkThatTookLongerWaitsForTheNextStep) {
  for (const auto work : {0ms, 60ms, 120ms, 240ms, 1'040ms}) {
    const auto started = steady_clock::now() - work;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, answer_alike(started), boost::asio::detached);
    context.run();
    EXPECT_GE(steady_clock::now() - started, (work / 100ms + 1) * 100ms) << work.count();
  }
}

}  // namespace
}  // namespace api
