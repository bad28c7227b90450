#include "adapters/providers/gate.h"

#include <algorithm>
#include <utility>

namespace adapters::providers {
namespace {

constexpr auto timer_min = std::chrono::milliseconds(1);
constexpr auto timer_max = std::chrono::seconds(1);  // the clock that is asked need not run as the timer does

}  // namespace

Gate::Gate(boost::asio::any_io_executor executor, std::size_t concurrency_max, std::function<core::Timestamp()> now)
    : now_(std::move(now)), governor_(concurrency_max), timer_(std::move(executor)) {}

void Gate::enter(const core::OrgId& org, Admitted admitted) {
  {
    const std::lock_guard lock(mutex_);
    if (timer_) waiting_.push(org, std::move(admitted));
  }
  admit();
}

void Gate::leave(std::uint64_t call, CallOutcome outcome, std::optional<std::chrono::milliseconds> pause) {
  {
    const std::lock_guard lock(mutex_);
    governor_.finished(call, outcome, pause, now_());
  }
  admit();
}

std::chrono::milliseconds Gate::kept_back() const {
  const std::lock_guard lock(mutex_);
  return governor_.kept_back(now_());
}

void Gate::close() {
  processors::FairQueue<core::OrgId, Admitted> waiting;  // those who wait may hold this gate
  const std::lock_guard lock(mutex_);
  timer_.reset();
  std::swap(waiting, waiting_);
}

void Gate::admit() {
  std::vector<std::pair<Admitted, std::uint64_t>> admitted;
  {
    const std::lock_guard lock(mutex_);
    const core::Timestamp now = now_();
    while (timer_ && waiting_.size() > 0 && governor_.may_start(now)) {
      Admitted next = *waiting_.pop();
      admitted.emplace_back(std::move(next), governor_.started());
    }
    const core::Timestamp until = governor_.paused_until();
    if (timer_ && !timing_ && waiting_.size() > 0 && until > now) {
      timing_ = true;
      timer_->expires_after(std::clamp<core::Duration>(until - now, timer_min, timer_max));
      timer_->async_wait([weak = weak_from_this()](const boost::system::error_code&) {
        const std::shared_ptr<Gate> self = weak.lock();
        if (!self) return;
        {
          const std::lock_guard again(self->mutex_);
          self->timing_ = false;
        }
        self->admit();
      });
    }
  }
  for (auto& [call, number] : admitted) call(number);
}

Gates::Gates(boost::asio::any_io_executor executor, std::size_t concurrency_max, std::function<core::Timestamp()> now)
    : executor_(std::move(executor)), concurrency_max_(concurrency_max), now_(std::move(now)) {}

std::shared_ptr<Gate> Gates::of(const std::string& model) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Gate>& gate = gates_[model];
  if (!gate) gate = std::make_shared<Gate>(executor_, concurrency_max_, now_);
  return gate;
}

void Gates::close() {
  const std::lock_guard lock(mutex_);
  for (auto& [model, gate] : gates_) gate->close();
}

}  // namespace adapters::providers
