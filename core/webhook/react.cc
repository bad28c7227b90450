#include "core/webhook/rules.h"

namespace core::webhook {

std::vector<Effect> react_one(const DeliveryScheduled& event) {
  return {DeliverWebhook{event.org, event.delivery}};
}
std::vector<Effect> react_one(const DeliveryRetried& event) {
  return {DeliverWebhook{event.org, event.delivery}};
}

std::vector<Effect> react_one(const DeliveryReplayed& event) {
  return {DeliverWebhook{event.org, event.delivery}};
}

}  // namespace core::webhook
