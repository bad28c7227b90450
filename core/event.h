// Every event there is. Types and fields are never reused.
#pragma once

#include <string>
#include <variant>

#include "core/batch/events.h"
#include "core/billing/events.h"
#include "core/identity/events.h"
#include "core/ids.h"
#include "core/imports/events.h"
#include "core/job_queue/events.h"
#include "core/ledger/events.h"
#include "core/parking/events.h"
#include "core/quote/events.h"
#include "core/time.h"
#include "core/webhook/events.h"

namespace core {

// A new owner of the partition; it must be the first record with its epoch.
struct PartitionOpened final {
  Epoch epoch;
  std::string instance;
};

struct EffectCompleted final {
  std::string effect;
};

struct TimerFired final {
  Timestamp due;
  std::string timer;
};

// A command that came over the bus was carried out, by the events behind this one, or refused.
struct BusCommandTaken final {
  Offset offset;  // in the topic of commands
  CommandId command;
  std::string refusal;  // the code of the error; empty: carried out
};

using Event =
    std::variant<PartitionOpened, EffectCompleted, TimerFired, BusCommandTaken, identity::EmailClaimed,
                 identity::OrgCreated, identity::VerificationRequested, identity::SignUpReminded,
                 identity::EmailVerified, identity::PasswordResetRequested, identity::PasswordChanged,
                 identity::SessionOpened, identity::SessionClosed, identity::ApiKeyCreated, identity::ApiKeyRevoked,
                 identity::OrgErased, ledger::TransferPosted, quote::QuoteLocked, quote::QuoteConsumed,
                 quote::QuoteExpired, batch::BatchAccepted, batch::BatchQueued, batch::UnitsPlanned,
                 batch::UnitDispatched, batch::HandleRecorded, batch::UnitProgressed, batch::AttemptEnded,
                 batch::UnitClosed, batch::FeedbackRecorded, batch::StopRequested, batch::BatchEnded,
                 webhook::DeliveryScheduled, webhook::DeliverySucceeded, webhook::DeliveryFailed,
                 webhook::DeliveryRetried, webhook::DeliveryExhausted, webhook::DeliveryReplayed,
                 billing::CheckoutOpened, billing::CheckoutPageRecorded, billing::CheckoutPaid, billing::CheckoutClosed,
                 billing::CheckoutRefunded, billing::DisputeMoved, billing::ProfileSet, imports::ImportRecorded,
                 job_queue::JobEnqueued, job_queue::JobCancelled, job_queue::JobsFlushed, job_queue::JobsReady,
                 job_queue::JobsClosed, parking::CommandParked, parking::ParkedRetried, parking::ParkedDropped>;

using Events = std::vector<Event>;

}  // namespace core
