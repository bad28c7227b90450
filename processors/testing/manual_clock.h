#pragma once

#include <atomic>
#include <functional>

#include "core/time.h"

namespace processors::testing {

// Stands still until it is moved. Threading: any thread.
class ManualClock {
 public:
  core::Timestamp now() const { return core::Timestamp(core::Duration(microseconds_)); }
  std::function<core::Timestamp()> reader() {
    return [this] { return now(); };
  }
  void advance(core::Duration by) { microseconds_ += by.count(); }

 private:
  static constexpr core::Timestamp begin = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
  std::atomic<std::int64_t> microseconds_ = begin.time_since_epoch().count();
};

}  // namespace processors::testing
