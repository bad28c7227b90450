// Every described type. See fields.h.
#pragma once

#include "core/command.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/state.h"
#include "schemas/fields.h"

namespace schemas {

SCHEMAS_ENUM(core::Operation, responses, chat_completions, messages, embeddings);
SCHEMAS_ENUM(core::Mode, batch, sync);
SCHEMAS_ENUM(core::PrivacyTier, standard, no_training, zero_retention);
SCHEMAS_ENUM(core::SlaTier, priority, standard, economy);
SCHEMAS_ENUM(core::RoutingMode, cheapest, sla_aware, public_only, quality);
SCHEMAS_ENUM(core::identity::AccountKind, customer, agent);
SCHEMAS_ENUM(core::identity::MailKind, verification, sign_up_again, password_reset, password_changed);
SCHEMAS_ENUM(core::billing::CheckoutPhase, open, paid, closed);
SCHEMAS_ENUM(core::ledger::TransferKind, top_up, grant, reserve, capture, release, refund, adjustment, provider_charge);
SCHEMAS_ENUM(core::quote::Basis, manifest, estimate);
SCHEMAS_ENUM(core::quote::Phase, locked, consumed, expired);
SCHEMAS_ENUM(core::batch::Phase, pending, queued, routing, dispatched, processing, completing, completed, failed,
             cancelled, expired);
SCHEMAS_ENUM(core::batch::StopReason, none, cancelled, expired);
SCHEMAS_ENUM(core::batch::UnitPhase, planned, dispatched, closed);
SCHEMAS_ENUM(core::webhook::Phase, pending, delivered, exhausted);
SCHEMAS_ENUM(core::job_queue::Phase, pending, processing, completed, failed, cancelled);

// Parts
SCHEMAS_FIELDS(core::Prices, input, cached_input, output);
SCHEMAS_FIELDS(core::identity::NewToken, digest, sealed);
SCHEMAS_FIELDS(core::identity::NewSession, id, token);
SCHEMAS_FIELDS(core::identity::NewApiKey, id, secret, hint);
SCHEMAS_FIELDS(core::quote::Terms, sla_tier, routing_mode, privacy_tier, allowed_regions, priority, dedupe, run_after,
               deadline);
SCHEMAS_FIELDS(core::quote::RejectedLane, model, provider, mode, reason, detail);
SCHEMAS_LATER(core::quote::RejectedLane, detail);
SCHEMAS_FIELDS(core::quote::RouteLane, provider, model, mode, prices);
SCHEMAS_FIELDS(core::quote::Route, provider, model, mode, prices, item_count, total, quality_score,
               reliability_prior_score, fallback_order, operation, lanes, observed_confidence_score, list_prices);
SCHEMAS_LATER(core::quote::Route, operation, lanes, list_prices);
SCHEMAS_FIELDS(core::quote::Plan, blob, content, item_count, unit_count, total, routes, equal_items);
SCHEMAS_LATER(core::quote::Plan, equal_items);
SCHEMAS_FIELDS(core::quote::Estimate, models, items_max, item_ceiling);
SCHEMAS_FIELDS(core::batch::Idempotency, key, fingerprint);
SCHEMAS_FIELDS(core::batch::PlannedUnit, blob, route, item_count, quoted);
SCHEMAS_FIELDS(core::batch::Tally, succeeded, failed, exhausted, cancelled, expired);
SCHEMAS_FIELDS(core::batch::Segments, output, error, receipt, review, raw);
SCHEMAS_FIELDS(core::batch::Progress, tally, segments, charged, provider_cost, input_tokens, output_tokens);

SCHEMAS_FIELDS(core::batch::LaneShare, provider, model, mode, operation, succeeded, failed, input_tokens, output_tokens,
               charged, provider_cost, cached_tokens);
SCHEMAS_LATER(core::batch::LaneShare, cached_tokens);
SCHEMAS_FIELDS(core::batch::AttemptOutcomes, asked, succeeded, item_faults, lane_faults, invalid, took);
SCHEMAS_FIELDS(core::batch::PassedLane, provider, model, mode, reason);
SCHEMAS_FIELDS(core::batch::AttemptRecord, number, provider, model, mode, passed, handle, began_at, ended_at,
               end_reason, outcomes);
SCHEMAS_FIELDS(core::billing::Dispute, id, amount, recovered, withdrawn, reinstated);
SCHEMAS_FIELDS(core::imports::Totals, items, succeeded, failed, rejected, unanswered, invalid, unpriced, unrouted,
               input_tokens, cached_tokens, output_tokens, paid, list, optimized);
SCHEMAS_FIELDS(core::imports::FailureCode, code, items);
SCHEMAS_FIELDS(core::imports::DayTotals, day, model, operation, totals);

SCHEMAS_FIELDS(core::job_queue::RowPlace, unit, offset, bytes);
SCHEMAS_FIELDS(core::job_queue::Outcome, job, end, input_tokens, output_tokens, charged, list_cost, error, row);

// Commands
SCHEMAS_TYPE(core::identity::ClaimEmail, "identity.claim_email");
SCHEMAS_FIELDS(core::identity::ClaimEmail, email, org, user, kind, profile, verification);
SCHEMAS_TYPE(core::identity::CreateOrg, "identity.create_org");
SCHEMAS_FIELDS(core::identity::CreateOrg, org, user, kind, email, profile, verification);
SCHEMAS_TYPE(core::identity::RequestVerification, "identity.request_verification");
SCHEMAS_FIELDS(core::identity::RequestVerification, org, profile, verification);
SCHEMAS_TYPE(core::identity::ResendVerification, "identity.resend_verification");
SCHEMAS_FIELDS(core::identity::ResendVerification, org, verification);
SCHEMAS_TYPE(core::identity::RequestPasswordReset, "identity.request_password_reset");
SCHEMAS_FIELDS(core::identity::RequestPasswordReset, org, reset);
SCHEMAS_TYPE(core::identity::ResetPassword, "identity.reset_password");
SCHEMAS_FIELDS(core::identity::ResetPassword, org, token, profile);
SCHEMAS_TYPE(core::identity::VerifyEmail, "identity.verify_email");
SCHEMAS_FIELDS(core::identity::VerifyEmail, org, token, session);
SCHEMAS_TYPE(core::identity::OpenSession, "identity.open_session");
SCHEMAS_FIELDS(core::identity::OpenSession, org, session, credentials_version);
SCHEMAS_TYPE(core::identity::CloseSession, "identity.close_session");
SCHEMAS_FIELDS(core::identity::CloseSession, org, token);
SCHEMAS_TYPE(core::identity::CreateApiKey, "identity.create_api_key");
SCHEMAS_FIELDS(core::identity::CreateApiKey, org, key, label);
SCHEMAS_TYPE(core::identity::RevokeApiKey, "identity.revoke_api_key");
SCHEMAS_FIELDS(core::identity::RevokeApiKey, org, key);
SCHEMAS_TYPE(core::identity::RotateApiKey, "identity.rotate_api_key");
SCHEMAS_FIELDS(core::identity::RotateApiKey, org, key, replacement, grace);
SCHEMAS_TYPE(core::identity::EraseOrg, "identity.erase_org");
SCHEMAS_FIELDS(core::identity::EraseOrg, org, ordered_by, reason);
SCHEMAS_TYPE(core::ledger::GrantCredits, "ledger.grant_credits");
SCHEMAS_FIELDS(core::ledger::GrantCredits, org, grant, amount, reason, ordered_by);
SCHEMAS_LATER(core::ledger::GrantCredits, reason, ordered_by);
SCHEMAS_TYPE(core::ledger::AdjustCredits, "ledger.adjust_credits");
SCHEMAS_FIELDS(core::ledger::AdjustCredits, org, adjustment, amount, reason, ordered_by);
SCHEMAS_TYPE(core::quote::LockQuote, "quote.lock");
SCHEMAS_FIELDS(core::quote::LockQuote, org, quote, basis, terms, plan, estimate, rejected, catalog_version, webhook,
               workflow);
SCHEMAS_LATER(core::quote::LockQuote, workflow);
SCHEMAS_TYPE(core::quote::ExpireQuote, "quote.expire");
SCHEMAS_FIELDS(core::quote::ExpireQuote, org, quote);
SCHEMAS_TYPE(core::batch::SubmitBatch, "batch.submit");
SCHEMAS_FIELDS(core::batch::SubmitBatch, org, batch, quote, content, plan, terms, webhook, idempotency, retry_of);
SCHEMAS_TYPE(core::batch::PlanUnits, "batch.plan_units");
SCHEMAS_FIELDS(core::batch::PlanUnits, org, batch, first, units);
SCHEMAS_TYPE(core::batch::ReleaseBatch, "batch.release");
SCHEMAS_FIELDS(core::batch::ReleaseBatch, org, batch);
SCHEMAS_TYPE(core::batch::DispatchUnit, "batch.dispatch_unit");
SCHEMAS_FIELDS(core::batch::DispatchUnit, org, batch, unit, attempt, epoch, lane, passed);
SCHEMAS_LATER(core::batch::DispatchUnit, lane, passed);
SCHEMAS_TYPE(core::batch::RecordHandle, "batch.record_handle");
SCHEMAS_FIELDS(core::batch::RecordHandle, org, batch, unit, attempt, handle, epoch);
SCHEMAS_TYPE(core::batch::ReportProgress, "batch.report_progress");
SCHEMAS_FIELDS(core::batch::ReportProgress, org, batch, unit, attempt, progress, epoch);
SCHEMAS_TYPE(core::batch::EndAttempt, "batch.end_attempt");
SCHEMAS_FIELDS(core::batch::EndAttempt, org, batch, unit, attempt, reason, progress, epoch, outcomes, excused);
SCHEMAS_LATER(core::batch::EndAttempt, outcomes, excused);
SCHEMAS_TYPE(core::batch::CloseUnit, "batch.close_unit");
SCHEMAS_FIELDS(core::batch::CloseUnit, org, batch, unit, progress, epoch, shares, outcomes);
SCHEMAS_LATER(core::batch::CloseUnit, shares, outcomes);
SCHEMAS_TYPE(core::batch::RecordFeedback, "batch.record_feedback");
SCHEMAS_FIELDS(core::batch::RecordFeedback, org, batch, quality_permille, outcome, note);
SCHEMAS_TYPE(core::batch::CancelBatch, "batch.cancel");
SCHEMAS_FIELDS(core::batch::CancelBatch, org, batch);
SCHEMAS_TYPE(core::batch::ExpireBatch, "batch.expire");
SCHEMAS_FIELDS(core::batch::ExpireBatch, org, batch);
SCHEMAS_TYPE(core::webhook::RecordDelivery, "webhook.record_delivery");
SCHEMAS_FIELDS(core::webhook::RecordDelivery, org, delivery, attempt, status, reason, retry_after);
SCHEMAS_TYPE(core::webhook::RetryDelivery, "webhook.retry_delivery");
SCHEMAS_FIELDS(core::webhook::RetryDelivery, org, delivery, attempt);
SCHEMAS_TYPE(core::webhook::ReplayDelivery, "webhook.replay_delivery");
SCHEMAS_FIELDS(core::webhook::ReplayDelivery, org, delivery, ordered_by);
SCHEMAS_TYPE(core::billing::OpenCheckout, "billing.open_checkout");
SCHEMAS_FIELDS(core::billing::OpenCheckout, org, checkout, pack, amount, provider, request);
SCHEMAS_TYPE(core::billing::RecordCheckoutPage, "billing.record_checkout_page");
SCHEMAS_FIELDS(core::billing::RecordCheckoutPage, org, checkout, session, url, expires_at);
SCHEMAS_TYPE(core::billing::PayCheckout, "billing.pay_checkout");
SCHEMAS_FIELDS(core::billing::PayCheckout, org, checkout, payment, amount);
SCHEMAS_TYPE(core::billing::CloseCheckout, "billing.close_checkout");
SCHEMAS_FIELDS(core::billing::CloseCheckout, org, checkout, reason);
SCHEMAS_TYPE(core::billing::RefundCheckout, "billing.refund_checkout");
SCHEMAS_FIELDS(core::billing::RefundCheckout, org, checkout, refunded);
SCHEMAS_TYPE(core::billing::MoveDispute, "billing.move_dispute");
SCHEMAS_FIELDS(core::billing::MoveDispute, org, checkout, dispute, amount, reinstated);
SCHEMAS_TYPE(core::billing::SetProfile, "billing.set_profile");
SCHEMAS_FIELDS(core::billing::SetProfile, org, profile);
SCHEMAS_TYPE(core::imports::RecordImport, "imports.record");
SCHEMAS_FIELDS(core::imports::RecordImport, org, import, provider, content, idempotency, manifest, manifest_items,
               fault_count, faults, failure_codes, catalog_version, days);
SCHEMAS_TYPE(core::job_queue::EnqueueJob, "job_queue.enqueue");
SCHEMAS_FIELDS(core::job_queue::EnqueueJob, org, job, type, payload, priority, run_after, idempotency);
SCHEMAS_TYPE(core::job_queue::CancelJob, "job_queue.cancel");
SCHEMAS_FIELDS(core::job_queue::CancelJob, org, job);
SCHEMAS_TYPE(core::job_queue::FlushJobs, "job_queue.flush");
SCHEMAS_FIELDS(core::job_queue::FlushJobs, org, submission, jobs, estimated_tokens);
SCHEMAS_TYPE(core::job_queue::CloseJobs, "job_queue.close");
SCHEMAS_FIELDS(core::job_queue::CloseJobs, org, batch, outcomes);
SCHEMAS_TYPE(core::parking::RetryParked, "parking.retry");
SCHEMAS_FIELDS(core::parking::RetryParked, parked, ordered_by, reason);
SCHEMAS_TYPE(core::parking::DropParked, "parking.drop");
SCHEMAS_FIELDS(core::parking::DropParked, parked, ordered_by, reason);
SCHEMAS_TYPE(core::CompleteEffect, "effect.complete");
SCHEMAS_FIELDS(core::CompleteEffect, effect);

// Events
SCHEMAS_TYPE(core::PartitionOpened, "partition.opened");
SCHEMAS_FIELDS(core::PartitionOpened, epoch, instance);
SCHEMAS_TYPE(core::EffectCompleted, "effect.completed");
SCHEMAS_FIELDS(core::EffectCompleted, effect);
SCHEMAS_TYPE(core::TimerFired, "timer.fired");
SCHEMAS_FIELDS(core::TimerFired, due, timer);
SCHEMAS_TYPE(core::BusCommandTaken, "bus.command_taken");
SCHEMAS_FIELDS(core::BusCommandTaken, offset, command, refusal);
SCHEMAS_TYPE(core::identity::EmailClaimed, "identity.email_claimed");
SCHEMAS_FIELDS(core::identity::EmailClaimed, email, org, user, kind, profile, verification);
SCHEMAS_TYPE(core::identity::OrgCreated, "identity.org_created");
SCHEMAS_FIELDS(core::identity::OrgCreated, org, user, kind, email);
SCHEMAS_TYPE(core::identity::VerificationRequested, "identity.verification_requested");
SCHEMAS_FIELDS(core::identity::VerificationRequested, org, mail, profile, verification, expires_at, resent);
SCHEMAS_LATER(core::identity::VerificationRequested, resent);
SCHEMAS_TYPE(core::identity::SignUpReminded, "identity.sign_up_reminded");
SCHEMAS_FIELDS(core::identity::SignUpReminded, org, mail, profile);
SCHEMAS_TYPE(core::identity::PasswordResetRequested, "identity.password_reset_requested");
SCHEMAS_FIELDS(core::identity::PasswordResetRequested, org, mail, profile, reset, expires_at);
SCHEMAS_TYPE(core::identity::PasswordChanged, "identity.password_changed");
SCHEMAS_FIELDS(core::identity::PasswordChanged, org, token, mail, profile);
SCHEMAS_TYPE(core::identity::EmailVerified, "identity.email_verified");
SCHEMAS_FIELDS(core::identity::EmailVerified, org, token);
SCHEMAS_TYPE(core::identity::SessionOpened, "identity.session_opened");
SCHEMAS_FIELDS(core::identity::SessionOpened, org, user, session, expires_at);
SCHEMAS_TYPE(core::identity::SessionClosed, "identity.session_closed");
SCHEMAS_FIELDS(core::identity::SessionClosed, org, token);
SCHEMAS_TYPE(core::identity::ApiKeyCreated, "identity.api_key_created");
SCHEMAS_FIELDS(core::identity::ApiKeyCreated, org, key, label);
SCHEMAS_TYPE(core::identity::ApiKeyRevoked, "identity.api_key_revoked");
SCHEMAS_FIELDS(core::identity::ApiKeyRevoked, org, key, effective_at, replaced_by);
SCHEMAS_TYPE(core::identity::OrgErased, "identity.org_erased");
SCHEMAS_FIELDS(core::identity::OrgErased, org, email, ordered_by, reason);
SCHEMAS_TYPE(core::ledger::TransferPosted, "ledger.transfer_posted");
SCHEMAS_FIELDS(core::ledger::TransferPosted, transfer, kind, org, debit, credit, amount, batch, reason, ordered_by);
SCHEMAS_LATER(core::ledger::TransferPosted, reason, ordered_by);
SCHEMAS_TYPE(core::quote::QuoteLocked, "quote.locked");
SCHEMAS_FIELDS(core::quote::QuoteLocked, org, quote, basis, terms, plan, estimate, rejected, catalog_version, webhook,
               expires_at, workflow);
SCHEMAS_LATER(core::quote::QuoteLocked, workflow);
SCHEMAS_TYPE(core::quote::QuoteConsumed, "quote.consumed");
SCHEMAS_FIELDS(core::quote::QuoteConsumed, org, quote, batch);
SCHEMAS_TYPE(core::quote::QuoteExpired, "quote.expired");
SCHEMAS_FIELDS(core::quote::QuoteExpired, org, quote);
SCHEMAS_TYPE(core::batch::BatchAccepted, "batch.accepted");
SCHEMAS_FIELDS(core::batch::BatchAccepted, org, batch, quote, terms, plan, webhook, idempotency, retry_of, deadline,
               workflow);
SCHEMAS_LATER(core::batch::BatchAccepted, workflow);
SCHEMAS_TYPE(core::batch::BatchQueued, "batch.queued");
SCHEMAS_FIELDS(core::batch::BatchQueued, org, batch);
SCHEMAS_TYPE(core::batch::UnitsPlanned, "batch.units_planned");
SCHEMAS_FIELDS(core::batch::UnitsPlanned, org, batch, first, units);
SCHEMAS_TYPE(core::batch::UnitDispatched, "batch.unit_dispatched");
SCHEMAS_FIELDS(core::batch::UnitDispatched, org, batch, unit, attempt, provider, model, mode, epoch, passed);
SCHEMAS_LATER(core::batch::UnitDispatched, passed);
SCHEMAS_TYPE(core::batch::HandleRecorded, "batch.handle_recorded");
SCHEMAS_FIELDS(core::batch::HandleRecorded, org, batch, unit, attempt, handle);
SCHEMAS_TYPE(core::batch::UnitProgressed, "batch.unit_progressed");
SCHEMAS_FIELDS(core::batch::UnitProgressed, org, batch, unit, attempt, progress, epoch);
SCHEMAS_TYPE(core::batch::AttemptEnded, "batch.attempt_ended");
SCHEMAS_FIELDS(core::batch::AttemptEnded, org, batch, unit, attempt, reason, progress, epoch, outcomes, excused);
SCHEMAS_LATER(core::batch::AttemptEnded, outcomes, excused);
SCHEMAS_TYPE(core::batch::UnitClosed, "batch.unit_closed");
SCHEMAS_FIELDS(core::batch::UnitClosed, org, batch, unit, progress, epoch, shares, outcomes);
SCHEMAS_LATER(core::batch::UnitClosed, shares, outcomes);
SCHEMAS_TYPE(core::batch::FeedbackRecorded, "batch.feedback_recorded");
SCHEMAS_FIELDS(core::batch::FeedbackRecorded, org, batch, quality_permille, outcome, note);
SCHEMAS_TYPE(core::batch::StopRequested, "batch.stop_requested");
SCHEMAS_FIELDS(core::batch::StopRequested, org, batch, reason);
SCHEMAS_TYPE(core::batch::BatchEnded, "batch.ended");
SCHEMAS_FIELDS(core::batch::BatchEnded, org, batch, phase, tally, captured, released);
SCHEMAS_TYPE(core::webhook::DeliveryScheduled, "webhook.delivery_scheduled");
SCHEMAS_FIELDS(core::webhook::DeliveryScheduled, org, delivery, batch, type, target);
SCHEMAS_TYPE(core::webhook::DeliverySucceeded, "webhook.delivery_succeeded");
SCHEMAS_FIELDS(core::webhook::DeliverySucceeded, org, delivery, attempt, status);
SCHEMAS_TYPE(core::webhook::DeliveryFailed, "webhook.delivery_failed");
SCHEMAS_FIELDS(core::webhook::DeliveryFailed, org, delivery, attempt, status, reason, retry_at);
SCHEMAS_TYPE(core::webhook::DeliveryRetried, "webhook.delivery_retried");
SCHEMAS_FIELDS(core::webhook::DeliveryRetried, org, delivery, attempt);
SCHEMAS_TYPE(core::webhook::DeliveryExhausted, "webhook.delivery_exhausted");
SCHEMAS_FIELDS(core::webhook::DeliveryExhausted, org, delivery, attempt, status, reason);
SCHEMAS_TYPE(core::webhook::DeliveryReplayed, "webhook.delivery_replayed");
SCHEMAS_FIELDS(core::webhook::DeliveryReplayed, org, delivery, attempt, ordered_by);
SCHEMAS_TYPE(core::billing::CheckoutOpened, "billing.checkout_opened");
SCHEMAS_FIELDS(core::billing::CheckoutOpened, org, checkout, pack, amount, provider, request);
SCHEMAS_TYPE(core::billing::CheckoutPageRecorded, "billing.checkout_page_recorded");
SCHEMAS_FIELDS(core::billing::CheckoutPageRecorded, org, checkout, session, url, expires_at);
SCHEMAS_TYPE(core::billing::CheckoutPaid, "billing.checkout_paid");
SCHEMAS_FIELDS(core::billing::CheckoutPaid, org, checkout, payment, amount);
SCHEMAS_TYPE(core::billing::CheckoutClosed, "billing.checkout_closed");
SCHEMAS_FIELDS(core::billing::CheckoutClosed, org, checkout, reason);
SCHEMAS_TYPE(core::billing::CheckoutRefunded, "billing.checkout_refunded");
SCHEMAS_FIELDS(core::billing::CheckoutRefunded, org, checkout, refunded);
SCHEMAS_TYPE(core::billing::DisputeMoved, "billing.dispute_moved");
SCHEMAS_FIELDS(core::billing::DisputeMoved, org, checkout, dispute, amount, recovered, reinstated);
SCHEMAS_TYPE(core::billing::ProfileSet, "billing.profile_set");
SCHEMAS_FIELDS(core::billing::ProfileSet, org, profile);
SCHEMAS_TYPE(core::imports::ImportRecorded, "imports.recorded");
SCHEMAS_FIELDS(core::imports::ImportRecorded, org, import, provider, content, idempotency, manifest, manifest_items,
               fault_count, faults, failure_codes, catalog_version, days);
SCHEMAS_TYPE(core::job_queue::JobEnqueued, "job_queue.job_enqueued");
SCHEMAS_FIELDS(core::job_queue::JobEnqueued, org, job, type, payload, priority, run_after, idempotency);
SCHEMAS_TYPE(core::job_queue::JobCancelled, "job_queue.job_cancelled");
SCHEMAS_FIELDS(core::job_queue::JobCancelled, org, job);
SCHEMAS_TYPE(core::job_queue::JobsFlushed, "job_queue.jobs_flushed");
SCHEMAS_FIELDS(core::job_queue::JobsFlushed, org, batch, jobs, estimated_tokens);
SCHEMAS_TYPE(core::job_queue::JobsReady, "job_queue.jobs_ready");
SCHEMAS_FIELDS(core::job_queue::JobsReady, org, batch);
SCHEMAS_TYPE(core::job_queue::JobsClosed, "job_queue.jobs_closed");
SCHEMAS_FIELDS(core::job_queue::JobsClosed, org, batch, outcomes);
SCHEMAS_TYPE(core::parking::CommandParked, "command.parked");
SCHEMAS_FIELDS(core::parking::CommandParked, parked, command, reason);
SCHEMAS_TYPE(core::parking::ParkedRetried, "command.parked_retried");
SCHEMAS_FIELDS(core::parking::ParkedRetried, parked, ordered_by, reason);
SCHEMAS_TYPE(core::parking::ParkedDropped, "command.parked_dropped");
SCHEMAS_FIELDS(core::parking::ParkedDropped, parked, ordered_by, reason);

// Effects
SCHEMAS_TYPE(core::ForwardCommand, "forward_command");
SCHEMAS_FIELDS(core::ForwardCommand, aggregate, command);
SCHEMAS_TYPE(core::SendMail, "send_mail");
SCHEMAS_FIELDS(core::SendMail, org, mail, kind, profile, token);
SCHEMAS_TYPE(core::PlanBatch, "plan_batch");
SCHEMAS_FIELDS(core::PlanBatch, org, batch);
SCHEMAS_TYPE(core::RunUnit, "run_unit");
SCHEMAS_FIELDS(core::RunUnit, org, batch, unit);
SCHEMAS_TYPE(core::StopBatch, "stop_batch");
SCHEMAS_FIELDS(core::StopBatch, org, batch);
SCHEMAS_TYPE(core::DeliverWebhook, "deliver_webhook");
SCHEMAS_FIELDS(core::DeliverWebhook, org, delivery);
SCHEMAS_TYPE(core::CollectJobs, "collect_jobs");
SCHEMAS_FIELDS(core::CollectJobs, org, batch);
SCHEMAS_TYPE(core::EraseOrgData, "erase_org_data");
SCHEMAS_FIELDS(core::EraseOrgData, org);

// State rows; the type name is the first byte of a row's key
SCHEMAS_TYPE(core::identity::EmailClaim, "e");
SCHEMAS_FIELDS(core::identity::EmailClaim, email, org, user);
SCHEMAS_TYPE(core::identity::Org, "o");
SCHEMAS_FIELDS(core::identity::Org, id, user, kind, email, created_at, verified_at, profile, api_keys_active, mails,
               signed_up_profile, sign_ups, credentials_version, open_batches, erased_at);
SCHEMAS_TYPE(core::identity::Verification, "v");
SCHEMAS_FIELDS(core::identity::Verification, token, org, profile, expires_at);
SCHEMAS_TYPE(core::identity::Session, "s");
SCHEMAS_FIELDS(core::identity::Session, token, id, org, user, created_at, expires_at, credentials_version);
SCHEMAS_TYPE(core::identity::PasswordReset, "R");
SCHEMAS_FIELDS(core::identity::PasswordReset, token, org, credentials_version, expires_at);
SCHEMAS_TYPE(core::identity::ApiKey, "k");
SCHEMAS_FIELDS(core::identity::ApiKey, org, id, secret, hint, label, created_at, revoked_at, replaced_by);
SCHEMAS_TYPE(core::identity::ApiKeySecret, "K");
SCHEMAS_FIELDS(core::identity::ApiKeySecret, secret, org, id);
SCHEMAS_TYPE(core::ledger::Account, "a");
SCHEMAS_FIELDS(core::ledger::Account, id, balance);
SCHEMAS_TYPE(core::ledger::Reservation, "r");
SCHEMAS_FIELDS(core::ledger::Reservation, org, batch, amount, captured, released, created_at);
SCHEMAS_TYPE(core::ledger::Entry, "l");
SCHEMAS_FIELDS(core::ledger::Entry, org, sequence, transfer, kind, amount, available_change, reserved_change,
               available_after, reserved_after, batch, at);
SCHEMAS_TYPE(core::ledger::Book, "b");
SCHEMAS_FIELDS(core::ledger::Book, org, entries, granted, topped_up, captured, refunded, owed);
SCHEMAS_TYPE(core::ledger::Posted, "p");
SCHEMAS_FIELDS(core::ledger::Posted, transfer, amount);
SCHEMAS_TYPE(core::quote::Quote, "q");
SCHEMAS_FIELDS(core::quote::Quote, org, id, phase, basis, terms, plan, estimate, rejected, catalog_version, webhook,
               locked_at, expires_at, batch, workflow);
SCHEMAS_TYPE(core::batch::Batch, "B");
SCHEMAS_FIELDS(core::batch::Batch, org, id, quote, phase, stop, terms, plan, webhook, retry_of, created_at, deadline,
               dispatched_at, ended_at, stop_requested_at, units_planned, units_closed, closed, open, shares, workflow,
               version);
SCHEMAS_TYPE(core::batch::Unit, "U");
SCHEMAS_FIELDS(core::batch::Unit, org, batch, index, phase, blob, route, item_count, quoted, attempt, handle,
               dispatched_at, progress, excused, attempts, epoch);
SCHEMAS_TYPE(core::batch::Submission, "i");
SCHEMAS_FIELDS(core::batch::Submission, org, idempotency_key, fingerprint, batch);
SCHEMAS_TYPE(core::batch::ProviderBatch, "h");
SCHEMAS_FIELDS(core::batch::ProviderBatch, handle, org, batch, unit, attempt);
SCHEMAS_TYPE(core::batch::Feedback, "f");
SCHEMAS_FIELDS(core::batch::Feedback, org, batch, quality_permille, outcome, note, recorded_at);
SCHEMAS_TYPE(core::learning::LaneDay, "d");
SCHEMAS_FIELDS(core::learning::LaneDay, day, provider, model, mode, operation, succeeded, item_faults, lane_faults,
               invalid, attempts, took, items_settled, input_tokens, output_tokens, charged);
SCHEMAS_TYPE(core::learning::ServedDay, "z");
SCHEMAS_FIELDS(core::learning::ServedDay, org, day, provider, model, mode, operation, asked, invalid, lane_faults,
               succeeded, failed, fallbacks, input_tokens, output_tokens, charged, list);
SCHEMAS_TYPE(core::learning::WorkflowDay, "m");
SCHEMAS_FIELDS(core::learning::WorkflowDay, day, workflow, items_settled, input_tokens, output_tokens, charged);
SCHEMAS_TYPE(core::learning::Judgement, "j");
SCHEMAS_FIELDS(core::learning::Judgement, org, operation, provider, model, items, permille_sum);
SCHEMAS_TYPE(core::webhook::Delivery, "w");
SCHEMAS_FIELDS(core::webhook::Delivery, org, id, batch, type, target, phase, created_at, attempt, last_status, next_at,
               replayed_after);
SCHEMAS_TYPE(core::billing::Checkout, "C");
SCHEMAS_FIELDS(core::billing::Checkout, org, id, phase, pack, amount, provider, request, session, url, created_at,
               expires_at, payment, paid_at, closed_because, refunded, disputes);
SCHEMAS_TYPE(core::billing::Profile, "g");
SCHEMAS_FIELDS(core::billing::Profile, org, profile);
SCHEMAS_TYPE(core::imports::Import, "I");
SCHEMAS_FIELDS(core::imports::Import, org, id, provider, content, manifest, manifest_items, fault_count, faults,
               failure_codes, catalog_version, totals, first_day, last_day, created_at);
SCHEMAS_TYPE(core::imports::ImportContent, "M");
SCHEMAS_FIELDS(core::imports::ImportContent, org, content, import);
SCHEMAS_TYPE(core::imports::ImportDay, "y");
SCHEMAS_FIELDS(core::imports::ImportDay, org, provider, day, model, operation, totals);
SCHEMAS_TYPE(core::job_queue::Job, "J");
SCHEMAS_FIELDS(core::job_queue::Job, org, id, type, payload, priority, run_after, phase, created_at, updated_at, batch,
               flushed_at, ended_at, outcome);
SCHEMAS_TYPE(core::job_queue::WaitingJob, "W");
SCHEMAS_FIELDS(core::job_queue::WaitingJob, org, rank, job, type, run_after);
SCHEMAS_TYPE(core::job_queue::JobSubmission, "t");
SCHEMAS_FIELDS(core::job_queue::JobSubmission, org, idempotency_key, fingerprint, job);
SCHEMAS_TYPE(core::job_queue::Flush, "F");
SCHEMAS_FIELDS(core::job_queue::Flush, org, batch, jobs, estimated_tokens);
SCHEMAS_TYPE(core::job_queue::QueueStats, "n");
SCHEMAS_FIELDS(core::job_queue::QueueStats, org, pending, processing, completed, failed, cancelled, tokens, charged,
               list_cost, processing_time);
SCHEMAS_TYPE(core::parking::Parked, "P");
SCHEMAS_FIELDS(core::parking::Parked, id, aggregate, command, reason, parked_at);
SCHEMAS_TYPE(core::Timer, "T");
SCHEMAS_FIELDS(core::Timer, due, id, origin, command);
SCHEMAS_TYPE(core::Outstanding, "x");
SCHEMAS_FIELDS(core::Outstanding, id, origin, effect);
SCHEMAS_TYPE(core::BusCursor, "c");
SCHEMAS_FIELDS(core::BusCursor, topic, next);

}  // namespace schemas
