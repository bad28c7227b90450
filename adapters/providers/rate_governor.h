// How many calls of one model may run at once, learnt from what the provider answers. Pure: time comes from outside.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/time.h"

namespace adapters::providers {

enum class CallOutcome {
  answered,      // or refused for a reason of its own
  rate_limited,  // a 429
  failed,        // by the server or the network
  abandoned,     // tells nothing
};

// The window grows by one with every answer until the first trouble, then by one with every window of answers; trouble
// halves it, once for all the calls that were under way. After a rate limit, and where the provider says that nothing
// remains, there is a pause; without a word of how long, it doubles from half a second to half a minute, and with one
// it is never quite none.
class RateGovernor {
 public:
  explicit RateGovernor(std::size_t concurrency_max);

  bool may_start(core::Timestamp now) const;
  // The number of the call, to be given back to finished().
  std::uint64_t started();
  // `pause`: as the provider asked, none when it did not.
  void finished(std::uint64_t call, CallOutcome outcome, std::optional<std::chrono::milliseconds> pause,
                core::Timestamp now);

  std::size_t window() const { return static_cast<std::size_t>(window_); }
  std::size_t running() const { return running_; }
  // May be in the past.
  core::Timestamp paused_until() const { return paused_until_; }
  // How long calls have been kept back by rate limits, or will be: what decides whether to wait on.
  std::chrono::milliseconds kept_back(core::Timestamp now) const;

 private:
  const double concurrency_max_;
  double window_;
  bool growing_fast_ = true;
  std::size_t running_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t last_before_cut_ = 0;  // calls up to this one saw the window as it was before
  std::uint32_t limits_in_a_row_ = 0;
  std::optional<core::Timestamp> limited_since_;
  core::Timestamp limited_last_{};
  core::Timestamp paused_until_{};
};

}  // namespace adapters::providers
