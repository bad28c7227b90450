#include "processors/audit/deliveries.h"

#include <algorithm>

namespace processors::audit {

void Deliveries::disordered(const DeliveryEvent& event) {
  const bool known = pending_.contains(event.delivery) || ended_.contains(fingerprint(event.delivery));
  reporter_.report(
      known ? Rule::delivery_disordered : Rule::delivery_unknown,
      "delivery " + std::string(event.delivery) +
          (known ? " had come to another attempt, or to its end, before attempt " : " was never scheduled: attempt ") +
          std::to_string(event.attempt));
}

void Deliveries::take_scheduled(const DeliveryEvent& event, const std::vector<Batches::Ending>& endings) {
  ++scheduled_;
  const bool known = pending_.contains(event.delivery) || ended_.contains(fingerprint(event.delivery));
  if (!told_.insert(fingerprint(event.batch) ^ (3 * fingerprint(event.type))) || known)
    return reporter_.report(Rule::delivery_repeated, "delivery " + std::string(event.delivery) + " of " +
                                                         std::string(event.type) + " for batch " +
                                                         std::string(event.batch) + " was scheduled before");
  const auto ending = std::find_if(endings.begin(), endings.end(),
                                   [&](const Batches::Ending& each) { return each.batch == event.batch; });
  if (ending == endings.end() || event.type != "batch." + ending->phase)
    reporter_.report(Rule::delivery_unknown, "delivery " + std::string(event.delivery) + " tells of " +
                                                 std::string(event.type) + ", which batch " + std::string(event.batch) +
                                                 " did not come to with it");
  pending_.emplace(event.delivery, 0);
  batches_.push_back(event.batch);
}

void Deliveries::take_tried(const DeliveryEvent& event, bool last) {
  const auto delivery = pending_.find(event.delivery);
  if (delivery == pending_.end() || event.attempt != delivery->second + 1) return disordered(event);
  delivery->second = event.attempt;
  if (!last) return;
  ended_[fingerprint(event.delivery)] = event.attempt;
  pending_.erase(delivery);
}

void Deliveries::take_retried(const DeliveryEvent& event) {
  const auto delivery = pending_.find(event.delivery);
  if (delivery == pending_.end() || event.attempt != delivery->second) disordered(event);
}

void Deliveries::take_replayed(const DeliveryEvent& event) {
  const auto ended = ended_.find(fingerprint(event.delivery));
  if (ended == ended_.end() || ended->second != event.attempt) return disordered(event);
  pending_.emplace(event.delivery, ended->second);
  ended_.erase(ended);
}

void Deliveries::end_command(const std::vector<Batches::Ending>& endings) {
  for (const Batches::Ending& each : endings) {
    if (each.webhook && std::find(batches_.begin(), batches_.end(), each.batch) == batches_.end())
      reporter_.report(Rule::delivery_missing,
                       "batch " + each.batch + " has a webhook, and ended without a delivery being scheduled");
  }
  batches_.clear();
}

}  // namespace processors::audit
