// What is to happen later, in order of time; at one time, in the order in which it was put down. The world has one, and
// each process another, for what it waits for: that is forgotten with the process.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "tests/simulation/time.h"

namespace simulation {

class Agenda {
 public:
  using Act = std::function<void()>;

  void at(core::Timestamp time, Act act) {
    if (!closed_) acts_.emplace(std::max(time, simulated_now()), std::move(act));
  }
  void later(core::Duration delay, Act act) { at(simulated_now() + delay, std::move(act)); }

  std::optional<core::Timestamp> next() const {
    if (acts_.empty()) return std::nullopt;
    return acts_.begin()->first;
  }

  // Does one thing that is due; false when nothing is.
  bool act() {
    if (acts_.empty() || acts_.begin()->first > simulated_now()) return false;
    const Act act = std::move(acts_.extract(acts_.begin()).mapped());
    act();
    return true;
  }

  // Forgets everything, and what is put down from now on.
  void close() {
    closed_ = true;
    std::exchange(acts_, {}).clear();
  }

 private:
  std::multimap<core::Timestamp, Act> acts_;
  bool closed_ = false;
};

}  // namespace simulation
