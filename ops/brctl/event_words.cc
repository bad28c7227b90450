#include "ops/brctl/event_words.h"

#include <map>
#include <utility>
#include <vector>

#include "core/ledger/state.h"
#include "core/overloaded.h"
#include "ops/brctl/output.h"
#include "ops/brctl/table.h"

namespace ops::brctl {

namespace {

using namespace core;  // events of all aggregates are named here

std::string lane(const ProviderId& provider, const ModelSlug& model, core::Mode mode) {
  return provider.value() + " " + model.value() + " " + std::string(to_string(mode));
}

std::string unit_words(UnitIndex unit, AttemptNumber attempt) {
  return "unit " + std::to_string(unit.value()) + ", attempt " + std::to_string(attempt.value());
}

std::string plan_words(const quote::Plan& plan) {
  return counted(plan.item_count, "item") + " in " + counted(plan.unit_count, "unit") + ", at most " + usd(plan.total);
}

std::string progress_words(const batch::Progress& progress) {
  std::string words = tally_words(progress.tally) + "; charged " + usd(progress.charged);
  if (progress.provider_cost > Money{}) words += ", cost " + usd(progress.provider_cost);
  return words;
}

std::string_view stop_word(batch::StopReason reason) {
  switch (reason) {
    case batch::StopReason::none: return "no reason";
    case batch::StopReason::cancelled: return "cancelled";
    case batch::StopReason::expired: return "expired";
  }
  return "";
}

// "available" of "customer/org_…/available": whose it is, the event says elsewhere.
std::string account_word(const AccountId& account) {
  return ledger::owned_by_customer(account) ? account.value().substr(account.value().find_last_of('/') + 1)
                                            : account.value();
}

std::string transfer_words(const ledger::TransferPosted& first, Money amount) {
  return std::string(to_string(first.kind)) + " " + usd(amount) + ", " + account_word(first.debit) + " to " +
         account_word(first.credit);
}

// ", ordered by alice: goodwill"; nothing when nobody in particular ordered it.
std::string ordered(const std::string& by, const std::string& reason) {
  return (by.empty() ? "" : ", ordered by " + by) + (reason.empty() ? "" : ": " + reason);
}

std::string status_words(int status, const std::string& reason) {
  return reason.empty() ? "status " + std::to_string(status) : reason;
}

std::string_view mail_word(identity::MailKind kind) {
  switch (kind) {
    case identity::MailKind::verification: return "verification";
    case identity::MailKind::sign_up_again: return "sign up again";
    case identity::MailKind::password_reset: return "password reset";
    case identity::MailKind::password_changed: return "password changed";
  }
  return "";
}

std::string jobs_words(std::size_t count, const BatchId& batch) {
  return counted(count, "job") + " of " + batch.value();
}

// Events of one type that are shown as one. Most say what they have in common; the sums are below.
template <class Event>
std::string words_of_all(const std::vector<const Event*>& all) {
  return shape_of(*all.front());
}

std::string words_of_all(const std::vector<const batch::UnitProgressed*>& all) {
  std::map<std::pair<BatchId, UnitIndex>, batch::Progress> newest;
  for (const batch::UnitProgressed* one : all) newest[{one->batch, one->unit}] = one->progress;
  batch::Progress sum;
  for (const auto& [unit, progress] : newest) sum += progress;
  return progress_words(sum);
}

std::string words_of_all(const std::vector<const batch::UnitClosed*>& all) {
  batch::Progress sum;
  for (const batch::UnitClosed* one : all) sum += one->progress;
  return progress_words(sum);
}

std::string words_of_all(const std::vector<const ledger::TransferPosted*>& all) {
  Money sum;
  for (const ledger::TransferPosted* one : all) sum = checked_add(sum, one->amount).value_or(sum);
  return transfer_words(*all.front(), sum);
}

}  // namespace

std::string usd(Money amount) {
  return to_decimal(amount) + " USD";
}

std::string tally_words(const batch::Tally& tally) {
  std::string words = counted(tally.total(), "item");
  std::string_view separator = ": ";
  const auto add = [&](std::uint32_t count, std::string_view word) {
    if (count == 0) return;
    words += std::string(std::exchange(separator, ", ")) + grouped(count) + " " + std::string(word);
  };
  add(tally.succeeded, "succeeded");
  add(tally.failed, "failed");
  add(tally.exhausted, "exhausted");
  add(tally.cancelled, "cancelled");
  add(tally.expired, "expired");
  return words;
}

std::string words_of(const Event& event) {
  return std::visit(
      Overloaded{
          [](const PartitionOpened& opened) {
            return "epoch " + std::to_string(opened.epoch.value()) + " by " + opened.instance;
          },
          [](const EffectCompleted& completed) { return completed.effect; },
          [](const TimerFired& fired) { return fired.timer; },
          [](const BusCommandTaken& taken) {
            return "command " + std::to_string(taken.offset.value()) + " of the bus" +
                   (taken.refusal.empty() ? "" : ", refused: " + taken.refusal);
          },
          [](const identity::EmailClaimed& claimed) { return "for " + claimed.org.value(); },
          [](const identity::OrgCreated& created) {
            return created.org.value() + (created.kind == identity::AccountKind::agent ? ", an agent's" : "");
          },
          [](const identity::VerificationRequested& requested) { return requested.mail.value(); },
          [](const identity::SignUpReminded& reminded) { return reminded.mail.value(); },
          [](const identity::EmailVerified&) { return std::string(); },
          [](const identity::PasswordResetRequested& requested) { return requested.mail.value(); },
          [](const identity::PasswordChanged& changed) { return changed.mail.value(); },
          [](const identity::SessionOpened& opened) {
            return opened.session.id.value() + " until " + time_text(opened.expires_at);
          },
          [](const identity::SessionClosed&) { return std::string(); },
          [](const identity::ApiKeyCreated& created) { return created.key.id.value(); },
          [](const identity::ApiKeyRevoked& revoked) {
            return revoked.key.value() + " at " + time_text(revoked.effective_at);
          },
          [](const identity::OrgErased& erased) {
            return erased.org.value() + ordered(erased.ordered_by, erased.reason);
          },
          [](const ledger::TransferPosted& posted) {
            return transfer_words(posted, posted.amount) + ordered(posted.ordered_by, posted.reason);
          },
          [](const quote::QuoteLocked& locked) {
            if (locked.basis == quote::Basis::estimate)
              return locked.quote.value() + ", at most " + grouped(locked.estimate.items_max) + " items at " +
                     usd(locked.estimate.item_ceiling);
            return locked.quote.value() + ", " + plan_words(locked.plan);
          },
          [](const quote::QuoteConsumed& consumed) { return consumed.quote.value() + " by " + consumed.batch.value(); },
          [](const quote::QuoteExpired& expired) { return expired.quote.value(); },
          [](const batch::BatchAccepted& accepted) {
            return accepted.batch.value() + ", " + plan_words(accepted.plan) +
                   (accepted.retry_of ? ", again after " + accepted.retry_of->value() : "");
          },
          [](const batch::BatchQueued& queued) { return queued.batch.value(); },
          [](const batch::UnitsPlanned& planned) {
            return "units " + std::to_string(planned.first) + " to " +
                   std::to_string(planned.first + planned.units.size() - (planned.units.empty() ? 0 : 1));
          },
          [](const batch::UnitDispatched& dispatched) {
            return unit_words(dispatched.unit, dispatched.attempt) + " to " +
                   lane(dispatched.provider, dispatched.model, dispatched.mode) +
                   (dispatched.passed.empty() ? "" : ", past " + counted(dispatched.passed.size(), "better lane"));
          },
          [](const batch::HandleRecorded& recorded) {
            return unit_words(recorded.unit, recorded.attempt) + " is " + recorded.handle;
          },
          [](const batch::UnitProgressed& progressed) {
            return "unit " + std::to_string(progressed.unit.value()) + ", " + progress_words(progressed.progress);
          },
          [](const batch::AttemptEnded& ended) {
            return unit_words(ended.unit, ended.attempt) + ": " + ended.reason + ", " + progress_words(ended.progress);
          },
          [](const batch::UnitClosed& closed) {
            return "unit " + std::to_string(closed.unit.value()) + ", " + progress_words(closed.progress);
          },
          [](const batch::FeedbackRecorded& recorded) {
            return "quality " + std::to_string(recorded.quality_permille) + "/1000" +
                   (recorded.outcome.empty() ? "" : ", " + recorded.outcome);
          },
          [](const batch::StopRequested& requested) {
            return requested.batch.value() + " " + std::string(stop_word(requested.reason));
          },
          [](const batch::BatchEnded& ended) {
            return ended.batch.value() + " " + std::string(to_string(ended.phase)) + ", " + tally_words(ended.tally) +
                   "; captured " + usd(ended.captured) + ", released " + usd(ended.released);
          },
          [](const webhook::DeliveryScheduled& scheduled) {
            return scheduled.delivery.value() + " says " + scheduled.type;
          },
          [](const webhook::DeliverySucceeded& succeeded) {
            return "attempt " + std::to_string(succeeded.attempt.value()) + ", status " +
                   std::to_string(succeeded.status);
          },
          [](const webhook::DeliveryFailed& failed) {
            return "attempt " + std::to_string(failed.attempt.value()) + ", " +
                   status_words(failed.status, failed.reason) + ", again at " + time_text(failed.retry_at);
          },
          [](const webhook::DeliveryRetried& retried) { return retried.delivery.value(); },
          [](const webhook::DeliveryExhausted& exhausted) {
            return "attempt " + std::to_string(exhausted.attempt.value()) + ", " +
                   status_words(exhausted.status, exhausted.reason);
          },
          [](const webhook::DeliveryReplayed& replayed) {
            return replayed.delivery.value() + ordered(replayed.ordered_by, {});
          },
          [](const billing::CheckoutOpened& opened) {
            return opened.checkout.value() + ", " + opened.pack + " for " + usd(opened.amount);
          },
          [](const billing::CheckoutPageRecorded& recorded) { return recorded.checkout.value(); },
          [](const billing::CheckoutPaid& paid) { return paid.checkout.value() + ", " + usd(paid.amount); },
          [](const billing::CheckoutClosed& closed) { return closed.checkout.value() + " " + closed.reason; },
          [](const billing::CheckoutRefunded& refunded) {
            return refunded.checkout.value() + ", " + usd(refunded.refunded) + " in all";
          },
          [](const billing::DisputeMoved& moved) {
            return moved.checkout.value() + ", " + usd(moved.amount) +
                   (moved.reinstated ? " reinstated" : " withdrawn");
          },
          [](const billing::ProfileSet&) { return std::string(); },
          [](const imports::ImportRecorded& recorded) {
            return recorded.import.value() + " of " + recorded.provider + ", " +
                   counted(recorded.manifest_items, "item");
          },
          [](const job_queue::JobEnqueued& enqueued) { return enqueued.job.value() + " " + enqueued.type; },
          [](const job_queue::JobCancelled& cancelled) { return cancelled.job.value(); },
          [](const job_queue::JobsFlushed& flushed) { return jobs_words(flushed.jobs.size(), flushed.batch); },
          [](const job_queue::JobsReady& ready) { return ready.batch.value(); },
          [](const job_queue::JobsClosed& closed) { return jobs_words(closed.outcomes.size(), closed.batch); },
          [](const parking::CommandParked& parked) { return parked.parked.value() + ": " + parked.reason; },
          [](const parking::ParkedRetried& retried) {
            return retried.parked.value() + ordered(retried.ordered_by, retried.reason);
          },
          [](const parking::ParkedDropped& dropped) {
            return dropped.parked.value() + ordered(dropped.ordered_by, dropped.reason);
          },
      },
      event);
}

std::string words_of(std::span<const Event* const> alike) {
  if (alike.size() == 1) return words_of(*alike.front());
  return std::visit(
      [&]<class One>(const One&) {
        std::vector<const One*> all;
        for (const Event* event : alike) {
          if (const One* one = std::get_if<One>(event)) all.push_back(one);
        }
        return words_of_all(all);
      },
      *alike.front());
}

std::string shape_of(const Event& event) {
  if (const auto* posted = std::get_if<ledger::TransferPosted>(&event)) return std::string(to_string(posted->kind));
  if (const auto* dispatched = std::get_if<batch::UnitDispatched>(&event))
    return lane(dispatched->provider, dispatched->model, dispatched->mode);
  if (const auto* ended = std::get_if<batch::AttemptEnded>(&event)) return ended->reason;
  if (const auto* ended = std::get_if<batch::BatchEnded>(&event)) return std::string(to_string(ended->phase));
  if (const auto* failed = std::get_if<webhook::DeliveryFailed>(&event))
    return status_words(failed->status, failed->reason);
  if (const auto* taken = std::get_if<BusCommandTaken>(&event)) return taken->refusal;
  return {};
}

std::string words_of(const Effect& effect) {
  return std::visit(Overloaded{
                        [](const ForwardCommand& forward) { return "forward to " + forward.aggregate.value(); },
                        [](const SendMail& mail) { return "send the mail " + std::string(mail_word(mail.kind)); },
                        [](const PlanBatch&) { return std::string("plan its units"); },
                        [](const RunUnit& run) { return "run unit " + std::to_string(run.unit.value()); },
                        [](const StopBatch&) { return std::string("stop its attempts"); },
                        [](const DeliverWebhook& deliver) { return "deliver " + deliver.delivery.value(); },
                        [](const CollectJobs&) { return std::string("collect its jobs"); },
                        [](const EraseOrgData& erase) { return "erase what is sealed for " + erase.org.value(); },
                    },
                    effect);
}

}  // namespace ops::brctl
