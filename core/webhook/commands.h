#pragma once

#include <optional>
#include <string>

#include "core/webhook/state.h"

namespace core::webhook {

// A runner tried.
struct RecordDelivery {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;
  int status = 0;      // HTTP status; 0: no answer
  std::string reason;  // stable word when there was no answer
  std::optional<Duration> retry_after;
};

// By timer.
struct RetryDelivery {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;  // the one that failed
};

// Sends a delivery that has ended once more, with the whole schedule of retries.
struct ReplayDelivery {
  OrgId org;
  DeliveryId delivery;
  std::string ordered_by;  // the operator
};

}  // namespace core::webhook
