#include "adapters/providers/rate_governor.h"

#include <algorithm>

#include "core/invariant.h"

namespace adapters::providers {
namespace {

constexpr auto limits_forgotten_after = std::chrono::seconds(60);  // without a call that met one
constexpr double window_first = 8;
constexpr auto pause_first = std::chrono::milliseconds(500);
constexpr std::uint32_t doublings_max = 6;
constexpr auto pause_min = std::chrono::milliseconds(10);
constexpr std::uint32_t min_doublings_max = 9;  // five seconds

}  // namespace

RateGovernor::RateGovernor(std::size_t concurrency_max)
    : concurrency_max_(static_cast<double>(concurrency_max)), window_(std::min(window_first, concurrency_max_)) {
  INVARIANT(concurrency_max > 0);
}

bool RateGovernor::may_start(core::Timestamp now) const {
  return running_ < window() && now >= paused_until_;
}

std::uint64_t RateGovernor::started() {
  ++running_;
  return ++calls_;
}

void RateGovernor::finished(std::uint64_t call, CallOutcome outcome, std::optional<std::chrono::milliseconds> pause,
                            core::Timestamp now) {
  INVARIANT(running_ > 0);
  --running_;
  const bool news = call > last_before_cut_;
  switch (outcome) {
    case CallOutcome::answered:
      window_ = std::min(concurrency_max_, window_ + (growing_fast_ ? 1 : 1 / window_));
      limits_in_a_row_ = 0;
      limited_since_.reset();
      break;
    case CallOutcome::rate_limited:
      // What was long ago says nothing of now.
      if (!limited_since_ || now - limited_last_ > limits_forgotten_after) limited_since_ = now;
      limited_last_ = now;
      // A provider may ask for no wait at all, again and again.
      pause = std::max(pause.value_or(pause_first * (1U << std::min(limits_in_a_row_, doublings_max))),
                       pause_min * (1U << std::min(limits_in_a_row_, min_doublings_max)));
      if (news) ++limits_in_a_row_;
      [[fallthrough]];
    case CallOutcome::failed:
      growing_fast_ = false;
      if (!news) break;
      window_ = std::max(1.0, window_ / 2);
      last_before_cut_ = calls_;
      break;
    case CallOutcome::abandoned: break;
  }
  if (pause) paused_until_ = std::max(paused_until_, now + *pause);
}

std::chrono::milliseconds RateGovernor::kept_back(core::Timestamp now) const {
  const auto ahead = std::chrono::ceil<std::chrono::milliseconds>(paused_until_ - now);
  const bool limited = limited_since_ && now - limited_last_ <= limits_forgotten_after;
  const auto behind =
      limited ? std::chrono::floor<std::chrono::milliseconds>(now - *limited_since_) : std::chrono::milliseconds(0);
  return std::max({ahead, behind, std::chrono::milliseconds(0)});
}

}  // namespace adapters::providers
