#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "core/ids.h"
#include "core/sealed.h"
#include "core/time.h"

namespace core::webhook {

// pending -> delivered | exhausted, and from those two back to pending when an operator has it replayed
enum class Phase { pending, delivered, exhausted };

// One event to be told to one endpoint. What is sent is a function of this row and the batch's: the same on every try.
struct Delivery {
  using Key = std::tuple<OrgId, DeliveryId>;
  Key key() const { return {org, id}; }

  OrgId org;
  DeliveryId id;
  BatchId batch;
  std::string type;  // batch.completed, …
  Sealed target;     // JSON {url, secret}
  Phase phase = Phase::pending;
  Timestamp created_at;
  AttemptNumber attempt;         // tries so far
  AttemptNumber replayed_after;  // the try after which it was begun anew; 0: it was not
  int last_status = 0;           // HTTP status of the newest try; 0: no answer
  std::optional<Timestamp> next_at;
};

}  // namespace core::webhook
