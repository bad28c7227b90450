// From what was sent to a batch: what POST /v1/batches, retries and workflow runs share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/app.h"
#include "api/idempotency.h"
#include "api/manifest_body.h"
#include "core/batch/commands.h"
#include "core/batch/state.h"

namespace api {

// An Idempotency-Key while its request runs.
struct Keyed {
  std::optional<core::batch::Idempotency> idempotency;  // absent: the request carries no key
  std::unique_ptr<KeysInFlight::Hold> hold;
  std::optional<core::batch::Batch> first;  // the batch that this key made before
};
// `route` is what keys belong to: the same key on another route is another key.
// Errors: idempotency_key_invalid, idempotency_in_flight, idempotency_conflict, and those of reading.
core::Result<Keyed> hold_key(const App& app, KeysInFlight& keys, const http::Request& request, const std::string& route,
                             const core::OrgId& org, const core::Digest& fingerprint);

struct Submission {
  core::batch::SubmitBatch command;
  core::Money total;
};
using PreparedSubmission = std::variant<Submission, core::Error, Faults>;
// Turns a manifest, or a quote_id alone, into a submission, locking a quote where it names none.
// `workflow` is the slug of the product that the manifest is of; empty: none.
http::awaitable<PreparedSubmission> prepare_submission(const App& app, const core::OrgId& org, const SpooledBody& body,
                                                       const std::string& workflow);

struct Submitted {
  core::batch::Batch batch;
  bool replayed = false;
};
http::awaitable<core::Result<Submitted>> submit_batch(const App& app, core::batch::SubmitBatch command);

// What submit_batch refused, as an answer: with the funding preview where credits are missing.
http::Response submission_refused(const App& app, const http::Request& request, const core::OrgId& org,
                                  const core::Error& error, core::Money total);

}  // namespace api
