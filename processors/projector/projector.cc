#include "processors/projector/projector.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "core/invariant.h"

namespace processors {

namespace {

// What trying again cannot mend.
bool beyond_retry(core::ErrorCode code) {
  return code == core::ErrorCode::malformed_event || code == core::ErrorCode::log_corrupt ||
         code == core::ErrorCode::configuration_invalid;
}

}  // namespace

Projector::Projector(Settings settings, JournalReader& journal, PublicLog& log, const StateReader& state,
                     Metrics& metrics, Log& operator_log)
    : settings_(settings), journal_(journal), log_(log), state_(state), metrics_(metrics), operator_log_(operator_log) {
  for (std::uint32_t i = 0; i < settings_.partition_count; ++i) slots_.push_back(std::make_unique<Slot>(thread_));
}

Projector::~Projector() {
  stop();
}

void Projector::own(core::Partition partition) {
  INVARIANT(partition.value() < slots_.size());
  boost::asio::post(thread_, [this, partition] {
    Slot& slot = *slots_[partition.value()];
    if (!slot.projection) slot.projection.emplace(partition, journal_, log_, state_, metrics_);
    wake(partition);
  });
}

void Projector::release(core::Partition partition) {
  INVARIANT(partition.value() < slots_.size());
  boost::asio::post(thread_, [this, partition] { let_go(partition); });
}

void Projector::confirmed(core::Partition partition, core::Offset next) {
  INVARIANT(partition.value() < slots_.size());
  Slot& slot = *slots_[partition.value()];
  std::int64_t end = slot.end;
  while (end < next.value() && !slot.end.compare_exchange_weak(end, next.value())) {
  }
  // However often this is called, one look is enough.
  if (!slot.announced.exchange(true)) boost::asio::post(thread_, [this, partition] { wake(partition); });
}

void Projector::stop() {
  stopping_ = true;
  for (std::uint32_t i = 0; i < slots_.size(); ++i) release(core::Partition(i));
  thread_.join();
}

void Projector::wake(core::Partition partition) {
  Slot& slot = *slots_[partition.value()];
  slot.announced = false;
  if (!slot.projection) return;
  set_gauges(partition);
  if (!slot.waiting && !slot.stopped) run(partition);
}

void Projector::run(core::Partition partition) {
  Slot& slot = *slots_[partition.value()];
  const core::Offset end(slot.end);
  if (stopping_ || end == core::Offset(0)) return;  // 0: nothing is known to be confirmed yet
  const auto began = std::chrono::steady_clock::now();
  const core::Result<PartitionProjection::Step> step = slot.projection->step(end);
  if (step.has_error()) return fail(partition, step.error());
  slot.next = step->next;
  slot.backoff = std::chrono::milliseconds(0);
  set_gauges(partition);
  if (!step->published) return;
  metrics_.observe_seconds("batchrouter_projector_publish_seconds", {},
                           std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  // What is not full waits for company: a transaction costs the same for one record and for a thousand.
  wait(partition, step->full ? std::chrono::milliseconds(0) : settings_.batch_age_max);
}

void Projector::wait(core::Partition partition, std::chrono::milliseconds time) {
  Slot& slot = *slots_[partition.value()];
  slot.waiting = true;
  slot.timer.expires_after(time);
  slot.timer.async_wait([this, partition](const boost::system::error_code& error) {
    Slot& woken = *slots_[partition.value()];
    if (error || !woken.projection) return;
    woken.waiting = false;
    run(partition);
  });
}

void Projector::fail(core::Partition partition, const core::Error& error) {
  Slot& slot = *slots_[partition.value()];
  metrics_.count("batchrouter_projector_errors_total", {{"code", core::to_string(error.code)}});
  if (beyond_retry(error.code)) {
    slot.stopped = true;
    slot.projection->end();
    processors::error(operator_log_, "projector_stopped",
                      {{"partition", partition.value()},
                       {"code", core::to_string(error.code)},
                       {"detail", std::string_view(error.detail)}});
  } else {
    slot.backoff = std::clamp(slot.backoff * 2, settings_.backoff_min, settings_.backoff_max);
    warn(operator_log_, "projector_failed",
         {{"partition", partition.value()},
          {"code", core::to_string(error.code)},
          {"detail", std::string_view(error.detail)},
          {"retry_in_milliseconds", slot.backoff.count()}});
    wait(partition, slot.backoff);
  }
  set_gauges(partition);
}

void Projector::let_go(core::Partition partition) {
  Slot& slot = *slots_[partition.value()];
  if (!slot.projection) return;
  slot.timer.cancel();
  slot.projection->end();
  slot.projection.reset();
  slot.next = core::Offset(0);
  slot.waiting = slot.stopped = false;
  slot.backoff = std::chrono::milliseconds(0);
  set_gauges(partition);
}

void Projector::set_gauges(core::Partition partition) {
  const Slot& slot = *slots_[partition.value()];
  const std::string number = std::to_string(partition.value());
  const std::int64_t lag = slot.projection ? std::max<std::int64_t>(0, slot.end - slot.next.value()) : 0;
  metrics_.set("batchrouter_projector_lag_records", {{"partition", number}}, static_cast<double>(lag));
  metrics_.set("batchrouter_projector_stopped", {{"partition", number}}, slot.stopped ? 1 : 0);
}

}  // namespace processors
