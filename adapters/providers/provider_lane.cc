#include "adapters/providers/provider_lane.h"

#include <utility>

#include "adapters/providers/run.h"

namespace adapters::providers {

namespace {

std::shared_ptr<LaneContext> make_context(ProviderLane::Environment environment, ProviderSettings settings) {
  std::unique_ptr<const Wire> wire = make_wire(settings);
  const std::size_t concurrency_max = settings.concurrency_max;
  return std::shared_ptr<LaneContext>(
      new LaneContext{.settings = std::move(settings),
                      .wire = std::move(wire),
                      .executor = environment.executor,
                      .http = environment.http,
                      .log = environment.log,
                      .metrics = environment.metrics,
                      .now = environment.now,
                      .is_known_handle = std::move(environment.is_known_handle),
                      .runs = {},
                      .creation = {},
                      .gates = {environment.executor, concurrency_max, environment.now}});
}

}  // namespace

ProviderLane::ProviderLane(Environment environment, ProviderSettings settings)
    : lane_(make_context(std::move(environment), std::move(settings))) {}

ProviderLane::~ProviderLane() {
  leave_all();
  lane_->runs.wait_until_none_left();
  lane_->gates.close();
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
  if (attempt.provider_model.empty()) attempt.provider_model = attempt.model.value();
  const bool batch = attempt.mode == core::Mode::batch;
  const std::shared_ptr<Run> run = batch ? make_batch_run(lane_, std::move(attempt), std::move(observer))
                                         : make_sync_run(lane_, std::move(attempt), std::move(observer));
  lane_->runs.add(run);
  run->start();
}

void ProviderLane::cancel(const core::BatchId& batch) {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) {
    if (run->attempt().batch == batch) run->cancel();
  }
}

void ProviderLane::leave(const core::BatchId& batch, core::UnitIndex unit) {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) {
    if (run->attempt().batch == batch && run->attempt().unit == unit) run->leave();
  }
}

void ProviderLane::leave_all() {
  for (const std::shared_ptr<Run>& run : lane_->runs.all()) run->leave();
}

}  // namespace adapters::providers
