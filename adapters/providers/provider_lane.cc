#include "adapters/providers/provider_lane.h"

#include <utility>

#include "adapters/providers/run.h"

namespace adapters::providers {

ProviderLane::ProviderLane(Environment environment, ProviderSettings settings)
    : lane_(std::make_shared<LaneContext>(std::move(settings), std::move(environment.executor), environment.http,
                                          environment.log, environment.metrics, std::move(environment.now),
                                          std::move(environment.is_known_handle))) {}

ProviderLane::~ProviderLane() {
  leave_all();
  lane_->runs.wait_until_none_left();
  lane_->close_gates();
}

bool ProviderLane::serves(const core::ProviderId& provider, core::Mode mode) const {
  if (provider != lane_->settings.provider) return false;
  switch (mode) {
    case core::Mode::sync: return lane_->settings.sync;
    case core::Mode::batch: return lane_->settings.batch;
  }
  return false;
}

std::size_t ProviderLane::attempts_max() const {
  return lane_->settings.attempts_max;
}

void ProviderLane::start(processors::Attempt attempt, std::shared_ptr<processors::AttemptObserver> observer) {
  const bool batch = attempt.mode == core::Mode::batch;
  const std::shared_ptr<Run> run = batch ? make_batch_run(lane_, std::move(attempt), std::move(observer))
                                         : make_sync_run(lane_, std::move(attempt), std::move(observer));
  lane_->runs.add(run);
  run->start();
}

void ProviderLane::cancel(const core::BatchId& batch) {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) {
    if (run->batch() == batch) run->cancel();
  }
}

void ProviderLane::leave(const core::BatchId& batch) {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) {
    if (run->batch() == batch) run->leave();
  }
}

void ProviderLane::leave_all() {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) run->leave();
}

}  // namespace adapters::providers
