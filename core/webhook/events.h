#pragma once

#include "core/webhook/commands.h"
#include "core/webhook/state.h"

namespace core::webhook {

struct DeliveryScheduled final {
  OrgId org;
  DeliveryId delivery;
  BatchId batch;
  std::string type;
  Sealed target;
};

struct DeliverySucceeded final {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;
  int status = 0;
};

struct DeliveryFailed final {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;
  int status = 0;
  std::string reason;
  Timestamp retry_at;
};

struct DeliveryRetried final {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;
};

struct DeliveryExhausted final {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;
  int status = 0;
  std::string reason;
};

struct DeliveryReplayed final {
  OrgId org;
  DeliveryId delivery;
  AttemptNumber attempt;  // the newest before
  std::string ordered_by;
};

}  // namespace core::webhook
