#include "api/submission.h"

#include <utility>

#include "adapters/random/random.h"
#include "api/batch_details.h"
#include "api/funding.h"
#include "api/http/problem.h"

namespace api {

namespace {

// A batch from a quote that kept its manifest: {"quote_id": …}, perhaps with another webhook.
bool names_only_a_quote(const schemas::manifest::Summary& summary) {
  return summary.quote_id && summary.item_count == 0 && summary.fault_count == 1 &&
         summary.faults.front().code == "items_required";
}

Faults faults_of(const std::vector<core::ManifestFault>& listed, std::uint64_t count) {
  Faults faults;
  faults.listed = listed;
  faults.count = count;
  return faults;
}

}  // namespace

core::Result<Keyed> hold_key(const App& app, KeysInFlight& keys, const http::Request& request, const std::string& route,
                             const core::OrgId& org, const core::Digest& fingerprint) {
  Keyed keyed;
  const core::Result<std::optional<std::string>> key = idempotency_key(request);
  if (key.has_error()) return key.error();
  if (!*key) return keyed;
  keyed.idempotency = core::batch::Idempotency{idempotency_digest(route, **key), fingerprint};
  keyed.hold = keys.try_hold(org, keyed.idempotency->key);
  if (!keyed.hold)
    return core::Error{core::ErrorCode::idempotency_in_flight,
                       "a request with this Idempotency-Key is still running; wait and send it again",
                       "Idempotency-Key"};
  const auto submission =
      app.reader.find<core::batch::Submission>(core::aggregate_of(org), {org, keyed.idempotency->key});
  if (submission.has_error()) return submission.error();
  if (!*submission) return keyed;
  if ((*submission)->fingerprint != fingerprint)
    return core::Error{core::ErrorCode::idempotency_conflict,
                       "this Idempotency-Key was used with another request; use a new key for a new request",
                       "Idempotency-Key"};
  core::Result<core::batch::Batch> batch = find_batch(app, org, (*submission)->batch);
  if (batch.has_error()) return batch.error();
  keyed.first = std::move(*batch);
  return keyed;
}

http::awaitable<PreparedSubmission> prepare_submission(const App& app, const core::OrgId& org, const SpooledBody& body,
                                                       const std::string& workflow) {
  core::Result<processors::ReceivedManifest> manifest = co_await receive_manifest(app, body);
  if (manifest.has_error()) co_return manifest.error();
  const schemas::manifest::Summary& summary = manifest->summary;
  const bool quote_alone = names_only_a_quote(summary);
  if (summary.fault_count > 0 && !quote_alone) co_return faults_of(summary.faults, summary.fault_count);

  Submission submission;
  core::batch::SubmitBatch& submit = submission.command;
  submit.org = org;
  submit.batch = core::BatchId("bat_" + adapters::random::make_ulid(app.now()));
  if (summary.header.webhook) {
    core::Result<core::Sealed> sealed = seal_webhook(app, org, *summary.header.webhook);
    if (sealed.has_error()) co_return sealed.error();
    submit.webhook = std::move(*sealed);
  }

  std::optional<core::quote::Quote> quote;
  if (summary.quote_id) {
    submit.quote = core::QuoteId(*summary.quote_id);
    auto found = app.reader.find<core::quote::Quote>(core::aggregate_of(org), {org, submit.quote});
    if (found.has_error()) co_return found.error();
    if (!*found)
      co_return core::Error{core::ErrorCode::quote_not_found,
                            "there is no such quote; make one with POST /v1/quotes/model", "quote_id"};
    quote = std::move(**found);
    if (!workflow.empty() && quote->workflow != workflow)
      co_return core::Error{
          core::ErrorCode::quote_mismatch,
          "this quote is not of the workflow " + workflow + "; make one with POST /v1/quotes/workflow", "quote_id"};
    submission.total = quote->plan.total;
    if (!quote_alone) submit.content = summary.digest;
    if (quote_alone || quote->basis == core::quote::Basis::manifest) co_return submission;
  }

  core::Result<processors::PlannedManifest> planned = co_await plan_manifest(app, org, *manifest);
  if (planned.has_error()) co_return planned.error();
  if (planned->fault_count > 0) co_return faults_of(planned->faults, planned->fault_count);
  submission.total = planned->plan.total;
  if (quote) {
    submit.plan = std::move(planned->plan);
    submit.terms = core::quote::terms_of(summary.header);
    co_return submission;
  }
  core::Result<core::quote::LockQuote> lock = lock_command(app, org, summary.header, std::move(*planned));
  if (lock.has_error()) co_return lock.error();
  lock->workflow = workflow;
  submit.quote = lock->quote;
  const core::Result<processors::Answer> locked = co_await command(app, core::aggregate_of(org), std::move(*lock));
  if (locked.has_error()) co_return locked.error();
  co_return submission;
}

http::awaitable<core::Result<Submitted>> submit_batch(const App& app, core::batch::SubmitBatch command) {
  const core::OrgId org = command.org;
  const core::Result<processors::Answer> answer =
      co_await api::command(app, core::aggregate_of(org), std::move(command));
  if (answer.has_error()) co_return answer.error();
  core::Result<core::batch::Batch> batch = find_batch(app, org, core::BatchId(answer->subject));
  if (batch.has_error()) co_return batch.error();
  if (!answer->replayed)
    info(app.log, "batch_accepted",
         {{"batch", batch->id.value()}, {"org", org.value()}, {"items", batch->plan.item_count}});
  Submitted submitted;
  submitted.batch = std::move(*batch);
  submitted.replayed = answer->replayed;
  co_return submitted;
}

http::Response submission_refused(const App& app, const http::Request& request, const core::OrgId& org,
                                  const core::Error& error, core::Money total) {
  if (error.code != core::ErrorCode::insufficient_credits) return http::problem(error, request);
  const core::Result<std::string> funding = funding_preview_json(app, org, total);
  if (funding.has_error()) return http::problem(funding.error(), request);
  return http::problem(error, request, {{"funding_preview", *funding}});
}

}  // namespace api
