// Webhooks: 21 (only what is durable, and always the same), 22 (delivered or given up).
#include "tests/simulation/invariants/checks.h"
#include "tests/simulation/oracle.h"

namespace simulation {

namespace {

std::string header(const processors::WebhookRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

void check_deliveries(Oracle& oracle, const Model& model, const Seen& seen) {
  if (const auto* scheduled = std::get_if<core::webhook::DeliveryScheduled>(&seen.event)) {
    const auto batch = model.batches.find(scheduled->batch);
    if (batch == model.batches.end() || !batch->second.over())
      return oracle.fail(21, scheduled->delivery.value() + " tells of a batch that has not ended");
    if (model.deliveries.contains(scheduled->delivery))
      return oracle.fail(21, scheduled->delivery.value() + " was scheduled before");
  }
  if (std::holds_alternative<core::webhook::DeliveryExhausted>(seen.event)) oracle.reached("webhook exhausted");
}

void Oracle::webhook_arrived(const processors::WebhookRequest& request) {
  look();
  const std::string id = header(request, "webhook-id");
  const auto delivery = model_.deliveries.find(core::DeliveryId(id));
  if (delivery == model_.deliveries.end()) return fail(21, "webhook " + id + " tells of what is not in the log");
  const Model::Batch& batch = model_.batches.at(delivery->second.batch);
  if (request.body.find(delivery->second.type) == std::string::npos ||
      request.body.find(delivery->second.batch.value()) == std::string::npos ||
      delivery->second.type != "batch." + std::string(core::batch::to_string(batch.phase)))
    return fail(21, "webhook " + id + " does not tell what is in the log");
  const auto [known, is_new] = webhooks_.try_emplace(id, request.body);
  if (!is_new && known->second != request.body) fail(21, "webhook " + id + " says something else the second time");
  if (!is_new) reached("webhook told twice");
}

void Oracle::connected(const std::string& address) {
  if (address != Receivers::public_address) fail(22, "a webhook is posted to " + address);
}

}  // namespace simulation
