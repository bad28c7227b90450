// Every command there is, and the envelope it travels in.
#pragma once

#include <string>
#include <variant>

#include "core/batch/commands.h"
#include "core/billing/commands.h"
#include "core/identity/commands.h"
#include "core/ids.h"
#include "core/imports/commands.h"
#include "core/job_queue/commands.h"
#include "core/ledger/commands.h"
#include "core/parking/commands.h"
#include "core/quote/commands.h"
#include "core/time.h"
#include "core/webhook/commands.h"

namespace core {

// An effect that reports nothing else has been carried out.
struct CompleteEffect {
  std::string effect;  // its key
};

using Command =
    std::variant<identity::ClaimEmail, identity::CreateOrg, identity::RequestVerification, identity::ResendVerification,
                 identity::VerifyEmail, identity::RequestPasswordReset, identity::ResetPassword, identity::OpenSession,
                 identity::CloseSession, identity::CreateApiKey, identity::RevokeApiKey, identity::RotateApiKey,
                 identity::EraseOrg, ledger::GrantCredits, ledger::AdjustCredits, quote::LockQuote, quote::ExpireQuote,
                 batch::SubmitBatch, batch::PlanUnits, batch::ReleaseBatch, batch::DispatchUnit, batch::RecordHandle,
                 batch::ReportProgress, batch::EndAttempt, batch::CloseUnit, batch::RecordFeedback, batch::CancelBatch,
                 batch::ExpireBatch, webhook::RecordDelivery, webhook::RetryDelivery, webhook::ReplayDelivery,
                 billing::OpenCheckout, billing::RecordCheckoutPage, billing::PayCheckout, billing::CloseCheckout,
                 billing::RefundCheckout, billing::MoveDispute, billing::SetProfile, imports::RecordImport,
                 job_queue::EnqueueJob, job_queue::CancelJob, job_queue::FlushJobs, job_queue::CloseJobs,
                 parking::RetryParked, parking::DropParked, CompleteEffect>;

struct Envelope {
  CommandId id;
  AggregateKey aggregate;  // decides the partition
  Timestamp time;          // when it was made; the partition's log time never runs back
  Command command;
};

AggregateKey aggregate_of(const OrgId& org);
AggregateKey aggregate_of_email(const Digest& email);

// Kafka's default partitioner (murmur2), so that a keyed record of any client lands where we look for it.
Partition partition_of(const AggregateKey& aggregate, std::uint32_t partition_count);

}  // namespace core
