#include <algorithm>
#include <functional>

#include "core/identity/rules.h"
#include "core/webhook/rules.h"

namespace core::webhook {

namespace {

constexpr int status_gone = 410;
constexpr Duration retry_after_max = std::chrono::hours(24);

bool delivered(int status) {
  return status >= 200 && status < 300;
}

// Up to a tenth more, differing by delivery, so that one outage does not end in one stampede. Pure, hence not random.
Duration with_jitter(Duration delay, const RecordDelivery& command) {
  std::uint64_t hash = 1469598103934665603u;  // FNV-1a
  for (const char letter : command.delivery.value() + std::to_string(command.attempt.value()))
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  return delay + delay * static_cast<std::int64_t>(hash % 100) / 1000;
}

}  // namespace

DeliveryScheduled schedule(const batch::Batch& batch, batch::Phase ended_as) {
  return {batch.org, DeliveryId("msg_" + batch.id.value().substr(4)), batch.id,
          "batch." + std::string(to_string(ended_as)), *batch.webhook};
}

Result<Decision> decide_one(const State& state, const Context& context, const RecordDelivery& command) {
  const Delivery* delivery = state.find<Delivery>({command.org, command.delivery});
  if (delivery == nullptr || delivery->phase != Phase::pending ||
      command.attempt.value() != delivery->attempt.value() + 1)
    return Error{ErrorCode::stale_report, "this delivery has moved on"};

  const std::string subject = command.delivery.value();
  if (delivered(command.status))
    return Decision{{DeliverySucceeded{command.org, command.delivery, command.attempt, command.status}}, subject};
  const auto& schedule = context.policy.webhook_retry_schedule;
  const std::uint32_t tries = delivery->attempt.value() - delivery->replayed_after.value();
  if (command.status == status_gone || tries >= schedule.size() || identity::erased(state, command.org))
    return Decision{{DeliveryExhausted{command.org, command.delivery, command.attempt, command.status, command.reason}},
                    subject};
  Duration delay = with_jitter(schedule[tries], command);
  if (command.retry_after) delay = std::max(delay, std::min(*command.retry_after, retry_after_max));
  return Decision{{DeliveryFailed{command.org, command.delivery, command.attempt, command.status, command.reason,
                                  context.now + delay}},
                  subject};
}

Result<Decision> decide_one(const State& state, const Context&, const RetryDelivery& command) {
  const Delivery* delivery = state.find<Delivery>({command.org, command.delivery});
  if (delivery == nullptr || delivery->phase != Phase::pending || delivery->attempt != command.attempt)
    return Decision{{}, command.delivery.value(), true};
  return Decision{{DeliveryRetried{command.org, command.delivery, command.attempt}}, command.delivery.value()};
}

Result<Decision> decide_one(const State& state, const Context&, const ReplayDelivery& command) {
  const Delivery* delivery = state.find<Delivery>({command.org, command.delivery});
  if (delivery == nullptr || identity::erased(state, command.org))
    return Error{ErrorCode::not_found, "this organisation has no such delivery"};
  if (delivery->phase == Phase::pending) return Decision{{}, command.delivery.value(), true};
  return Decision{{DeliveryReplayed{command.org, command.delivery, delivery->attempt, command.ordered_by}},
                  command.delivery.value()};
}

}  // namespace core::webhook
