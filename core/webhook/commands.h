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

}  // namespace core::webhook
