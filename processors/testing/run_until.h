#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

namespace processors::testing {

// Turns the wheels until it is so. A test that waits for what never comes fails, after a while.
inline void run_until(boost::asio::io_context& context, const std::function<bool()>& so) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came";
    context.restart();
    context.run_one_for(std::chrono::milliseconds(50));
  }
}

}  // namespace processors::testing
