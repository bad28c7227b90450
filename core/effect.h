// What the outside world must be made to do. An effect is a row of state from the event that asks for it until the
// event that reports it done, so that a crash forgets none.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/command.h"
#include "core/ids.h"
#include "core/sealed.h"

namespace core {

// Hands a command to another aggregate, and then CompleteEffect to this one.
struct ForwardCommand {
  AggregateKey aggregate;
  Command command;
};

struct SendMail {
  OrgId org;
  MailId mail;
  identity::MailKind kind = identity::MailKind::verification;
  Sealed profile;  // has the address
  Sealed token;    // empty: of a kind that has none
};

// Reads the batch's plan and has its units planned.
struct PlanBatch {
  OrgId org;
  BatchId batch;
};

// Brings the unit to its close, whatever it takes.
struct RunUnit {
  OrgId org;
  BatchId batch;
  UnitIndex unit;
};

struct DeliverWebhook {
  OrgId org;
  DeliveryId delivery;
};

// Ends the attempts of a batch that is to stop.
struct StopBatch {
  OrgId org;
  BatchId batch;
};

// Reads how the jobs of an ended batch came out, and closes them.
struct CollectJobs {
  OrgId org;
  BatchId batch;
};

// Removes the payloads of an erased org, and then destroys its key.
struct EraseOrgData {
  OrgId org;
};

using Effect =
    std::variant<ForwardCommand, SendMail, PlanBatch, RunUnit, StopBatch, DeliverWebhook, CollectJobs, EraseOrgData>;

// Unique among the effects of a partition that are not done.
std::string key_of(const Effect& effect);

struct Outstanding {
  using Key = std::tuple<std::string>;
  Key key() const { return {id}; }

  std::string id;  // key_of(effect)
  AggregateKey origin;
  Effect effect;
};

}  // namespace core
